import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { PortInUseError, type ListeningPlace } from '../../../src/daemon/front-door/listeners';
import { OrderedPlace } from '../../../src/daemon/front-door/ordered-place';
import type { FrontDoorEvent, FrontDoorOrder } from '../../../src/protocol/front-door-process';

const at = (host: string, port: number) => ({ listen: [{ host, isOptional: false }], port });

const orderAt = (
  host: string,
  port: number,
  placeBefore?: FrontDoorOrder['placeBefore'],
): FrontDoorOrder => ({
  daemonId: 'd'.repeat(32),
  name: 'lab-7',
  ...at(host, port),
  ...(placeBefore === undefined ? {} : { placeBefore }),
  isAnnounced: false,
  certificate: { privateKeyPem: '', certificatePem: '' },
  logLevel: 'info',
});

/** A place on a machine where other programs hold some ports. */
function placeOn(t: TestContext, held: Set<number>) {
  const attempts: number[] = [];
  const said: FrontDoorEvent[] = [];
  const listen = (addresses: FrontDoorOrder['listen'], port: number): Promise<ListeningPlace> => {
    attempts.push(port);
    const hosts = addresses.map(({ host }) => host);
    return held.has(port)
      ? Promise.reject(new PortInUseError(port, hosts.join()))
      : Promise.resolve({ port: port === 0 ? 40_000 : port, hosts });
  };
  const place = new OrderedPlace({
    frontDoor: { listen },
    say: (event) => said.push(event),
    log: silentLogger,
    returnMs: 1,
  });
  t.after(() => place.dispose());
  return { place, attempts, said };
}

const listening = (port: number) => ({ event: 'listening', port, hosts: ['127.0.0.1'] });
const refused = (port: number, before: number) => ({
  event: 'place-refused',
  message: `port ${port} on 127.0.0.1 is in use by another program; the front door stays where it was, at port ${before} on 127.0.0.1. Correct the configuration or end that program, then reload again`,
});

test('a front door goes where each order says, and says so once', async (t) => {
  const { place, said } = placeOn(t, new Set());
  await place.open(orderAt('127.0.0.1', 7443));
  assert.equal(await place.follow(orderAt('127.0.0.1', 7443)), false);
  assert.equal(await place.follow(orderAt('127.0.0.1', 7444)), true);
  assert.deepEqual(said, [listening(7443), listening(7444)]);
  assert.deepEqual(place.addresses, { port: 7444, hosts: ['127.0.0.1'] });
});

test('any free port is taken once and kept', async (t) => {
  const { place, attempts, said } = placeOn(t, new Set());
  await place.open(orderAt('127.0.0.1', 0));
  assert.equal(await place.follow(orderAt('127.0.0.1', 0)), false);
  assert.deepEqual(attempts, [0, 40_000]);
  assert.deepEqual(said, [listening(40_000)]);
});

test('a place that cannot be had leaves the one before in force, with what happened and what to do; a later order mends it', async (t) => {
  const held = new Set([7444]);
  const { place, attempts, said } = placeOn(t, held);
  await place.open(orderAt('127.0.0.1', 7443));
  assert.equal(await place.follow(orderAt('127.0.0.1', 7444)), false);
  assert.deepEqual(place.addresses, { port: 7443, hosts: ['127.0.0.1'] });
  assert.deepEqual(attempts, [7443, 7444, 7443], 'what made room is put back');
  assert.equal(await place.follow(orderAt('127.0.0.1', 7443)), false, 'the file was corrected');
  held.clear();
  assert.equal(await place.follow(orderAt('127.0.0.1', 7444)), true, 'that program has ended');
  assert.deepEqual(said, [listening(7443), refused(7444, 7443), listening(7443), listening(7444)]);
});

test('a place before that was lost meanwhile is tried again until it is back', async (t) => {
  const held = new Set<number>();
  const { place, attempts, said } = placeOn(t, held);
  await place.open(orderAt('127.0.0.1', 7443));
  held.add(7443).add(7444);
  await place.follow(orderAt('127.0.0.1', 7444));
  await until(() => (attempts.length > 5 ? true : undefined), withDeadline(30_000, 'more attempts'));
  const last = () => {
    const event = said.at(-1);
    return event?.event === 'place-refused' ? event.message : '';
  };
  assert.match(last(), /cannot go back to where it was either, and tries port 7443/);
  assert.equal(said.length, 2, 'which is told once');
  held.delete(7443);
  const { length } = attempts;
  await until(() => (attempts.length > length ? true : undefined), withDeadline(30_000, 'the last attempt'));
  await until(
    () => (last().includes('stays where it was') ? true : undefined),
    withDeadline(30_000, 'word of the return'),
  );
  const done = attempts.length;
  assert.equal(await place.follow(orderAt('127.0.0.1', 7443)), false);
  assert.deepEqual(attempts.slice(2), [...Array<number>(done - 1).fill(7443)]);
});

test('a front door that is started where another program is listens where the one before did, and tells why', async (t) => {
  const { place, said } = placeOn(t, new Set([7444]));
  await place.open(orderAt('127.0.0.1', 7444, at('127.0.0.1', 7443)));
  assert.deepEqual(said, [listening(7443), refused(7444, 7443)]);
});

test('a front door that can listen neither there nor where the one before did names the place that is wanted', async (t) => {
  const { place, said } = placeOn(t, new Set([7443, 7444]));
  await assert.rejects(place.open(orderAt('127.0.0.1', 7444, at('127.0.0.1', 7443))), /port 7444/);
  assert.deepEqual(said, []);
});

test('an address that the machine does not have is named, and no program is to be ended for it', async (t) => {
  const said: FrontDoorEvent[] = [];
  const missing = Object.assign(new Error('listen EADDRNOTAVAIL: 192.0.2.1:7443'), { code: 'EADDRNOTAVAIL' });
  const place = new OrderedPlace({
    frontDoor: {
      listen: (addresses, port) =>
        addresses[0]?.host === '192.0.2.1'
          ? Promise.reject(missing)
          : Promise.resolve({ port, hosts: ['127.0.0.1'] }),
    },
    say: (event) => said.push(event),
    log: silentLogger,
    returnMs: 1,
  });
  t.after(() => place.dispose());
  await place.open(orderAt('127.0.0.1', 7443));
  await place.follow(orderAt('192.0.2.1', 7443));
  const last = said.at(-1);
  assert.ok(last?.event === 'place-refused');
  assert.match(
    last.message,
    /cannot listen on that address .*192\.0\.2\.1.* Correct the configuration, then/,
  );
});
