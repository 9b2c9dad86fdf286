import assert from 'node:assert/strict';
import test from 'node:test';
import {
  afterEnd,
  afterEvent,
  firstFrontDoorState,
  portToOrder,
  type FrontDoorState,
} from '../../../src/daemon/command-line/many-users/front-door-state';
import type { FrontDoorEvent } from '../../../src/protocol/front-door-process';

const everywhere = [
  { host: '0.0.0.0', isOptional: false },
  { host: '::', isOptional: true },
];
const local = [{ host: '127.0.0.1', isOptional: false }];

const listening = (port: number, ...hosts: string[]): FrontDoorEvent => ({ event: 'listening', port, hosts });
const refused: FrontDoorEvent = { event: 'place-refused', message: 'port 7444 is in use' };

function after(wanted: { listen: typeof local; port: number }, ...events: readonly FrontDoorEvent[]) {
  return (state: FrontDoorState = firstFrontDoorState) =>
    events.reduce((before, event) => afterEvent(before, event, wanted), state);
}

test('the place of the configuration is remembered once a front door listens there, with addresses that were left out', () => {
  const state = after({ listen: everywhere, port: 7443 }, listening(7443, '0.0.0.0'))();
  assert.deepEqual(state.place, { listen: everywhere, port: 7443 });
  assert.deepEqual(state.addresses, { port: 7443, hosts: ['0.0.0.0'] });
});

test('a port that was any free one is remembered', () => {
  const state = after({ listen: local, port: 0 }, listening(40_123, '127.0.0.1'))();
  assert.deepEqual(state.place, { listen: local, port: 40_123 });
});

test('a refused place is told and the one before stays, until the next one is there', () => {
  const first = after({ listen: local, port: 7443 }, listening(7443, '127.0.0.1'))();
  const kept = after({ listen: local, port: 7444 }, refused)(first);
  assert.equal(kept.placeProblem, 'port 7444 is in use');
  assert.deepEqual(kept.addresses, first.addresses);
  assert.deepEqual(kept.place, first.place);
  const moved = after({ listen: local, port: 7445 }, listening(7445, '127.0.0.1'))(kept);
  assert.equal(moved.placeProblem, undefined);
  assert.deepEqual(moved.place, { listen: local, port: 7445 });
});

test('a front door that is started again at the place before keeps that place and tells why', () => {
  const first = after({ listen: local, port: 7443 }, listening(7443, '127.0.0.1'))();
  const again = after({ listen: local, port: 7444 }, listening(7443, '127.0.0.1'), refused)(afterEnd(first));
  assert.deepEqual(again.place, { listen: local, port: 7443 });
  assert.equal(again.placeProblem, 'port 7444 is in use');
});

test('no word of a front door decides where the next one listens', () => {
  const wanted = { listen: local, port: 7443 };
  for (const said of [
    listening(22, '127.0.0.1'),
    listening(7443, '0.0.0.0'),
    listening(7443, '127.0.0.1', '::'),
  ])
    assert.equal(after(wanted, said)().place, undefined);
});

test('an announcement is forgotten when it fails, is switched off, or the front door ends; the rest stays', () => {
  const wanted = { listen: local, port: 7443 };
  const announced = after(
    wanted,
    listening(7443, '127.0.0.1'),
    { event: 'announcing', name: 'lab-7', interfaces: ['lo'], by: 'own-responder', because: 'no avahi' },
    { event: 'connections', all: 3, signedIn: 2 },
    refused,
  )();
  assert.deepEqual(announced.announcement, {
    announcedAs: 'lab-7',
    announcedBy: { by: 'own-responder', because: 'no avahi' },
  });
  const failed = after(wanted, { event: 'announcement-failed', message: 'no' })(announced);
  const ended = after(wanted, { event: 'announcement-ended' })(announced);
  assert.deepEqual(failed.announcement, { announcementProblem: 'no' });
  assert.equal(ended.announcement, undefined);
  for (const state of [failed, ended]) {
    assert.deepEqual(state.connections, { all: 3, signedIn: 2 });
    assert.equal(state.placeProblem, 'port 7444 is in use');
  }
  const gone = afterEnd(announced);
  assert.equal(gone.announcement, undefined);
  assert.deepEqual(gone.connections, { all: 0, signedIn: 0 });
  assert.deepEqual(gone.addresses, announced.addresses);
});

test('the next one takes the port that the one before had, unless one could not have it', () => {
  const wanted = { listen: local, port: 0 };
  const first = after(wanted, listening(40_123, '127.0.0.1'))();
  assert.equal(portToOrder(firstFrontDoorState, 0), 0);
  assert.equal(portToOrder(afterEnd(first), 0), 40_123);
  assert.equal(portToOrder(first, 7443), 7443);
  const failed = after(wanted, { event: 'failed', message: 'port 40123 is in use' })(afterEnd(first));
  assert.equal(portToOrder(afterEnd(failed), 0), 0);
  const again = after(wanted, listening(40_124, '127.0.0.1'))(afterEnd(failed));
  assert.equal(portToOrder(afterEnd(again), 0), 40_124);
});
