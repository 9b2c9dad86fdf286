import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as plainRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent } from 'node:https';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { KeepingPlace } from '../../../src/daemon/front-door/kept-connection';
import { frontDoorPaths } from '../../../src/protocol/front-door';
import { temporaryFolder } from '../../support/temporary-folder';
import { ask, bearer, frontDoorUnderTest, type UnderTestOptions } from './front-door-under-test';

/** One request at the agent: its line, and the number of the connection that it came by. */
interface Seen {
  readonly what: string;
  readonly connection: number;
}

/** An agent that numbers its connections, behind a front door; `answer` gets each request with how many came by its connection before. */
async function watchedAgent(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, earlier: number) => void = (_, response) => {
    response.end('whole');
  },
  limits: UnderTestOptions['limits'] = {},
) {
  const seen: Seen[] = [];
  const numbers = new WeakMap<object, number>();
  let connections = 0;
  let open = 0;
  const door = await frontDoorUnderTest(t, {
    limits: { agentIdleTimeoutMs: 60_000, ...limits },
    onAgentServer: (server) => {
      server.keepAliveTimeout = 60_000;
      server.on('connection', (socket) => {
        numbers.set(socket, ++connections);
        open += 1;
        socket.once('close', () => (open -= 1));
      });
    },
    agent: (request, response) => {
      const connection = numbers.get(request.socket) ?? 0;
      const earlier = seen.filter((one) => one.connection === connection).length;
      seen.push({ what: `${request.method ?? ''} ${request.url ?? ''}`, connection });
      answer(request, response, earlier);
    },
  });
  const { token } = await door.signIn();
  /** Somebody with one connection to the front door, which stays open. */
  const client = (ofToken = token) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    return (method: string, path: string, body?: string) =>
      ask(door.port, { agent, method, path, headers: { ...bearer(ofToken), ...lengthOf(body) } }, body);
  };
  const untilOpen = (count: number) =>
    until(
      () => (open === count ? true : undefined),
      withDeadline(30_000, `${count} connections at the agent`),
    );
  const countOf = (what: string) => seen.filter((one) => one.what === what).length;
  return { door, token, seen, client, untilOpen, countOf };
}

test('one client asks by one connection, others by others, and what cannot be repeated by one of its own', async (t) => {
  const { seen, client, door } = await watchedAgent(t);
  const [ada, again, other] = [client(), client(), client((await door.signIn()).token)];
  for (const ask of [ada, again, other])
    for (const method of ['GET', 'OPTIONS', 'GET']) assert.equal((await ask(method, '/x')).text, 'whole');
  const kept = seen.map(({ connection }) => connection);
  assert.equal(new Set(kept.slice(0, 3)).size, 1);
  assert.equal(new Set(kept.slice(3, 6)).size, 1);
  assert.equal(new Set(kept.slice(6)).size, 1);
  assert.equal(new Set(kept).size, 3);
  await ada('POST', '/x', 'body');
  await ada('DELETE', '/x');
  await ada('GET', '/x', 'a body');
  const own = seen.slice(9).map(({ connection }) => connection);
  assert.equal(new Set([...own, ...kept]).size, 6);
});

test('requests sent ahead on one connection do not wait for each other at the agent', async (t) => {
  let release: (() => void) | undefined;
  const { seen, client } = await watchedAgent(t, (request, response) => {
    if (request.url === '/slow') release = () => response.end('slow');
    else response.end('whole');
  });
  const ada = client();
  const other = client();
  await ada('GET', '/x');
  const slow = ada('GET', '/slow');
  await until(
    () => (release === undefined ? undefined : true),
    withDeadline(30_000, 'the slow request at the agent'),
  );
  assert.equal((await other('GET', '/y')).text, 'whole');
  release?.();
  assert.equal((await slow).text, 'slow');
  assert.equal(seen.length, 3);
});

test('a kept connection that is closed as the next request comes costs nothing, and a request with an effect is sent once', async (t) => {
  const { client, countOf } = await watchedAgent(t, (request, response, earlier) => {
    if (request.url === '/never' || earlier > 0) request.socket.destroy();
    else response.end('whole');
  });
  const ada = client();
  assert.equal((await ada('GET', '/first')).text, 'whole');
  assert.equal((await ada('GET', '/second')).text, 'whole');
  assert.equal(countOf('GET /second'), 2);
  assert.equal((await ada('GET', '/never')).status, 503);
  assert.equal(countOf('GET /never'), 2, 'repeated once and no more');
  assert.equal((await ada('GET', '/third')).text, 'whole');
  assert.equal((await ada('POST', '/never', 'body')).status, 503);
  assert.equal((await ada('DELETE', '/never')).status, 503);
  assert.deepEqual([countOf('POST /never'), countOf('DELETE /never')], [1, 1]);
});

test('an answer that has begun is not asked for again, and its end is seen', async (t) => {
  const { client, countOf } = await watchedAgent(t, (request, response, earlier) => {
    if (earlier === 0) response.end('whole');
    else if (request.url === '/half') response.write('half', () => request.socket.destroy());
    else request.socket.end('HTTP/1.1 200 O');
  });
  for (const path of ['/half', '/line']) {
    const ada = client();
    await ada('GET', '/first');
    if (path === '/half') await assert.rejects(ada('GET', path), { code: 'ECONNRESET' });
    else assert.equal((await ada('GET', path)).status, 503);
    assert.equal(countOf(`GET ${path}`), 1);
  }
});

test('an agent that keeps silent on a kept connection is given up after the deadline, and not asked again', async (t) => {
  const answer = (_request: IncomingMessage, response: ServerResponse, earlier: number) => {
    if (earlier === 0) response.end('whole');
  };
  const { client, countOf } = await watchedAgent(t, answer, { agentAnswerTimeoutMs: 3_000 });
  const ada = client();
  await ada('GET', '/first');
  assert.equal((await ada('GET', '/silent')).status, 503);
  assert.equal(countOf('GET /silent'), 1);
});

const answers: readonly [what: string, raw: string, status: number, method?: string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst', 200],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\nX: y\r\n\r\n', 200],
  ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
  ['nothing changed', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 304],
  ['a head only', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 200, 'HEAD'],
  ['hints before it', 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200],
];

/** What must never be taken for the answer to the next request. */
const second = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond';

/** The server of the test does not know that it was answered, so everything on that connection is answered so. */
const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole';

for (const [what, raw, status, method = 'GET'] of answers) {
  for (const more of ['', second]) {
    const name =
      more === '' ? 'the next request has its own by the same' : "what comes behind it is nobody's answer";
    test(`after an answer with ${what} ${name}`, async (t) => {
      const { client, seen } = await watchedAgent(t, (request) => {
        request.socket.write(request.url === '/raw' ? raw + more : whole);
      });
      const ada = client();
      assert.equal((await ada('GET', '/before')).text, 'whole');
      assert.equal((await ada(method, '/raw')).status, status);
      for (const path of ['/after', '/later']) assert.equal((await ada('GET', path)).text, 'whole');
      const [before, itself, after] = seen.map(({ connection }) => connection);
      assert.equal(itself, before);
      assert.equal(after === itself, more === '');
    });
  }
}

test('what comes on a connection that waits ends it', async (t) => {
  for (const unasked of [second, 'x', '\r\n']) {
    let late: (() => void) | undefined;
    const { client, untilOpen } = await watchedAgent(t, (request, response) => {
      late = () => request.socket.write(unasked);
      response.end('whole');
    });
    const ada = client();
    await ada('GET', '/before');
    await untilOpen(1);
    late?.();
    await untilOpen(0);
    assert.equal((await ada('GET', '/after')).text, 'whole');
  }
});

test('a kept connection ends when it is not used for a while, and the client stays', async (t) => {
  const { client, untilOpen, seen } = await watchedAgent(t, undefined, { agentIdleTimeoutMs: 200 });
  const ada = client();
  await ada('GET', '/before');
  await untilOpen(0);
  assert.equal((await ada('GET', '/after')).text, 'whole');
  assert.notEqual(seen[0]?.connection, seen[1]?.connection);
});

test('a kept connection ends with the sign-in that it belongs to', async (t) => {
  const { client, untilOpen, door, token } = await watchedAgent(t);
  const ada = client();
  const other = client((await door.signIn()).token);
  await ada('GET', '/x');
  await other('GET', '/x');
  await untilOpen(2);
  const path = frontDoorPaths.signOut;
  assert.equal((await ask(door.port, { method: 'POST', path, headers: bearer(token) })).status, 204);
  await untilOpen(1);
  assert.equal((await ada('GET', '/x')).status, 401);
  assert.equal((await other('GET', '/x')).text, 'whole');
  door.frontDoor.dispose();
  await untilOpen(0);
});

test('a connection is used again only for the same sign-in, by the same door with the same key', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'agent.sock');
  const server = createServer((_request, response) => response.end('whole'));
  server.keepAliveTimeout = 60_000;
  await once(server.listen(socketPath), 'listening');
  t.after(() => server.close());
  const door = { socket: socketPath, doorKey: 'k'.repeat(43) };
  const others = [
    { door: { ...door, doorKey: 'o'.repeat(43) }, token: 'hers' },
    { door: { ...door, socket: `${socketPath}2` }, token: 'hers' },
    { door, token: 'his' },
  ];
  const own = { door, token: 'hers' };
  for (const other of [...others, own]) {
    const place = new KeepingPlace(60_000);
    const socket = createConnection(socketPath);
    const kept = place.keep(socket, door, 'hers');
    const outgoing = plainRequest({ agent: kept, path: '/x' });
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    kept.noteAnswer(answer);
    assert.equal(place.take('hers', door), undefined, 'not while it is in use');
    answer.resume();
    await once(socket, 'free');
    const taken = place.take(other.token, other.door);
    assert.equal(taken, other === own ? kept : undefined);
    assert.equal(place.take('hers', door), undefined, 'it is given to one only');
    assert.equal(socket.destroyed, other !== own);
    socket.destroy();
  }
});

/** Without it Node sends the body of a `GET` as if there were none. */
function lengthOf(body: string | undefined) {
  return body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
}
