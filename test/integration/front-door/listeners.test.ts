import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { Listeners, PortInUseError } from '../../../src/daemon/front-door/listeners';

const at = (...hosts: readonly string[]) => hosts.map((host) => ({ host, isOptional: false }));

/** Listeners that answer each byte with the same, on a free port of those addresses. */
async function listening(t: TestContext, ...hosts: readonly string[]) {
  const listeners = new Listeners((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  t.after(() => listeners.dispose());
  const { port } = await listeners.listen(at(...hosts), 0);
  return { listeners, port };
}

async function open(t: TestContext, host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port });
  t.after(() => socket.destroy());
  await once(socket, 'connect', { signal: withDeadline(30_000, 'a connection') });
  return socket;
}

async function answers(socket: Socket): Promise<void> {
  const answer = once(socket, 'data', { signal: withDeadline(30_000, 'the answer') });
  socket.write('?');
  await answer;
}

async function isHeard(t: TestContext, host: string, port: number): Promise<boolean> {
  try {
    await answers(await open(t, host, port));
    return true;
  } catch (error) {
    assert.match(String(error), /ECONNREFUSED/);
    return false;
  }
}

/** Another program, which has a port of that address. */
async function otherProgram(t: TestContext, host: string) {
  const server = createServer().listen(0, host);
  t.after(() => server.close());
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return { port: bound.port };
}

test('another port is listened on instead, and who is connected stays connected', async (t) => {
  const { listeners, port } = await listening(t, '127.0.0.1', '127.0.0.2');
  const early = await open(t, '127.0.0.1', port);
  const place = await listeners.listen(at('127.0.0.1'), 0);
  assert.notEqual(place.port, port);
  assert.deepEqual(place.hosts, ['127.0.0.1']);
  assert.equal(await isHeard(t, '127.0.0.1', place.port), true);
  assert.equal(await isHeard(t, '127.0.0.1', port), false);
  await answers(early);
});

test('a port that another program has leaves everything as it was, also when it is taken at one of the addresses only', async (t) => {
  const { listeners, port } = await listening(t, '127.0.0.1');
  const early = await open(t, '127.0.0.1', port);
  const other = await otherProgram(t, '127.0.0.3');
  await assert.rejects(listeners.listen(at('127.0.0.1', '127.0.0.3'), other.port), PortInUseError);
  assert.equal(await isHeard(t, '127.0.0.1', port), true);
  assert.equal(await isHeard(t, '127.0.0.1', other.port), false);
  await answers(early);
});

test('all addresses are narrowed to one on the same port and widened again, and who is connected stays connected', async (t) => {
  const { listeners, port } = await listening(t, '0.0.0.0');
  const early = await open(t, '127.0.0.2', port);
  assert.deepEqual(await listeners.listen(at('127.0.0.1'), port), { port, hosts: ['127.0.0.1'] });
  assert.equal(await isHeard(t, '127.0.0.1', port), true);
  assert.equal(await isHeard(t, '127.0.0.2', port), false);
  await answers(early);
  assert.deepEqual(await listeners.listen(at('0.0.0.0'), port), { port, hosts: ['0.0.0.0'] });
  assert.equal(await isHeard(t, '127.0.0.2', port), true);
  await answers(early);
});

test('what made room for an address that the machine does not have can be had back', async (t) => {
  const { listeners, port } = await listening(t, '0.0.0.0');
  const early = await open(t, '127.0.0.1', port);
  // 192.0.2.0/24 is for documentation: no machine has an address of it (RFC 5737).
  await assert.rejects(listeners.listen(at('127.0.0.1', '192.0.2.1'), port), /EADDRNOTAVAIL/);
  assert.deepEqual(await listeners.listen(at('0.0.0.0'), port), { port, hosts: ['0.0.0.0'] });
  assert.equal(await isHeard(t, '127.0.0.2', port), true);
  await answers(early);
});

test('whoever goes on listening misses nobody while addresses beside it come and go', async (t) => {
  const { listeners, port } = await listening(t, '127.0.0.1');
  const over = new AbortController();
  let heard = 0;
  const asking = (async () => {
    while (!over.signal.aborted) {
      assert.equal(await isHeard(t, '127.0.0.1', port), true);
      heard += 1;
    }
  })();
  asking.catch(() => undefined);
  for (let round = 0; round < 20; round += 1) {
    const before = heard;
    await listeners.listen(at('127.0.0.1', '127.0.0.2'), port);
    await listeners.listen(at('127.0.0.1'), port);
    const isHeardMeanwhile = until(
      () => (heard > before ? true : undefined),
      withDeadline(30_000, 'an answer'),
    );
    await Promise.race([isHeardMeanwhile, asking]);
  }
  over.abort();
  await asking;
});

test('an address that is optional is left out where the machine does not have it', async (t) => {
  const { listeners, port } = await listening(t, '127.0.0.1');
  const wanted = [...at('127.0.0.1'), { host: '192.0.2.1', isOptional: true }];
  assert.deepEqual(await listeners.listen(wanted, port), { port, hosts: ['127.0.0.1'] });
});

test('who stops listening while it begins to listen elsewhere does so nowhere', async (t) => {
  const { listeners, port } = await listening(t, '127.0.0.1');
  const moving = listeners.listen(at('127.0.0.2'), port);
  listeners.dispose();
  await assert.rejects(moving, /nothing is to listen any more/);
  assert.equal(await isHeard(t, '127.0.0.1', port), false);
  assert.equal(await isHeard(t, '127.0.0.2', port), false);
});
