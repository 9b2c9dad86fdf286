import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { headers } from '../../../src/protocol/agent';
import { ask, bearer, frontDoorUnderTest, open, rawConnection, readToEnd } from './front-door-under-test';

const mebibyte = Buffer.alloc(1024 * 1024, 'remote kernels ');
const mebibytes = 64;

test('the door key goes to the agent and nowhere else; what a client sends in its place is dropped', async (t) => {
  const seen: IncomingMessage['rawHeaders'][] = [];
  const { port, signIn, doorKeys } = await frontDoorUnderTest(t, {
    agent: (request, response) => {
      seen.push(request.rawHeaders);
      response.setHeader(headers.doorKey, String(request.headers[headers.doorKey]));
      response.end(JSON.stringify(request.headers['authorization'] ?? null));
    },
  });
  const { token } = await signIn();
  for (const name of [headers.doorKey, headers.doorKey.toUpperCase()]) {
    const answer = await ask(port, { path: '/api', headers: { ...bearer(token), [name]: 'A'.repeat(43) } });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'null');
    assert.ok(!answer.rawHeaders.join('\n').includes(doorKeys[0] ?? 'no key'));
    assert.equal(answer.headers[headers.doorKey], undefined);
  }
  for (const raw of seen) {
    const keys = raw.filter((_, at) => raw[at - 1]?.toLowerCase() === headers.doorKey);
    assert.deepEqual(keys, [doorKeys[0]]);
    assert.ok(!raw.join('\n').includes(token));
  }
});

test('hop-by-hop headers end at the front door, in both directions; the others pass', async (t) => {
  let seen: IncomingMessage['headers'] = {};
  const { port, signIn } = await frontDoorUnderTest(t, {
    agent: (request, response) => {
      seen = request.headers;
      response.writeHead(200, [
        ...['Connection', 'close, X-Inner', 'X-Inner', 'secret', 'Keep-Alive', 'timeout=7'],
        ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Outer', 'x', 'Proxy-Authenticate', 'Basic'],
      ]);
      response.end('ok');
    },
  });
  const { token } = await signIn();
  const answer = await ask(port, {
    path: '/api',
    headers: {
      ...bearer(token),
      connection: 'keep-alive, X-Private',
      'x-private': 'secret',
      'x-public': 'x',
      te: 'trailers',
      'proxy-authorization': 'Basic eA==',
      'keep-alive': 'timeout=5',
    },
  });
  for (const name of ['authorization', 'x-private', 'te', 'proxy-authorization', 'keep-alive'])
    assert.equal(seen[name], undefined, name);
  assert.equal(seen['x-public'], 'x');
  assert.equal(seen.host, `127.0.0.1:${port}`);
  for (const name of ['x-inner', 'proxy-authenticate']) assert.equal(answer.headers[name], undefined, name);
  assert.notEqual(answer.headers['keep-alive'], 'timeout=7');
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(answer.headers['x-outer'], 'x');
});

test('method, path, query and status pass as they are', async (t) => {
  const { port, signIn } = await frontDoorUnderTest(t, {
    agent: (request, response) => {
      response.writeHead(request.method === 'DELETE' ? 204 : 418, 'I Am A Teapot');
      response.end(request.method === 'DELETE' ? undefined : `${request.method ?? ''} ${request.url ?? ''}`);
    },
  });
  const { token } = await signIn();
  for (const path of ['/a%2Fb/../c?x=1&y=%00', '//double', '/?a', '/%F0%9F%98%80']) {
    const answer = await ask(port, { method: 'PATCH', path, headers: bearer(token) }, 'x');
    assert.deepEqual([answer.status, answer.text], [418, `PATCH ${path}`]);
  }
  const answer = await ask(port, { method: 'DELETE', path: '/x', headers: bearer(token) });
  assert.deepEqual([answer.status, answer.text], [204, '']);
});

test('64 MiB go each way whole, by length and in chunks, without being held in memory', async (t) => {
  const { port, signIn } = await frontDoorUnderTest(t, {
    agent: (request, response) => {
      const digest = createHash('sha256');
      request.on('data', (chunk: Buffer) => digest.update(chunk));
      request.on('end', () => {
        response.setHeader('x-received', digest.digest('hex'));
        void pipeline(Readable.from(repeat(mebibyte, mebibytes)), response);
      });
    },
  });
  const { token } = await signIn();
  const expected = createHash('sha256');
  for (const part of repeat(mebibyte, mebibytes)) expected.update(part);
  const whole = expected.digest('hex');
  const lengths: (number | undefined)[] = [mebibyte.length * mebibytes, undefined];
  for (const length of lengths) {
    const outgoing = open(port, {
      method: 'POST',
      path: '/echo',
      headers: { ...bearer(token), ...(length === undefined ? {} : { 'content-length': length }) },
    });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    await pipeline(Readable.from(repeat(mebibyte, mebibytes)), outgoing);
    const [answer] = await answered;
    assert.equal(answer.headers['x-received'], whole);
    const digest = createHash('sha256');
    for await (const chunk of answer as AsyncIterable<Buffer>) digest.update(chunk);
    assert.equal(digest.digest('hex'), whole);
  }
});

test('a reader that stops stops the writer', async (t) => {
  let writtenBytes = 0;
  const { port, signIn } = await frontDoorUnderTest(t, {
    agent: (_request, response) => {
      const write = () => {
        while (writtenBytes < 1024 * mebibyte.length) {
          writtenBytes += mebibyte.length;
          if (!response.write(mebibyte)) {
            response.once('drain', write);
            return;
          }
        }
      };
      write();
    },
  });
  const { token } = await signIn();
  const socket = await rawConnection(port);
  t.after(() => socket.destroy());
  socket.write(`GET /flood HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await once(socket, 'readable');
  socket.pause();
  let before = -1;
  const stopped = () => {
    const isStill = before === writtenBytes;
    before = writtenBytes;
    return isStill ? writtenBytes : undefined;
  };
  const buffered = await until(stopped, withDeadline(20_000, 'the writer to stop'), 250);
  assert.ok(buffered < 64 * mebibyte.length, `${buffered} bytes were taken for a reader that reads nothing`);
});

test('the head and each part of a stream arrive when the agent sends them', async (t) => {
  let response: { write: (text: string) => void; end: () => void } | undefined;
  const { port, signIn } = await frontDoorUnderTest(t, {
    agent: (_request, made) => {
      response = made;
      made.writeHead(200, { 'content-type': 'application/x-ndjson' });
      made.flushHeaders();
    },
  });
  const { token } = await signIn();
  const outgoing = open(port, { path: '/events', headers: bearer(token) });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  assert.equal(answer.headers['content-type'], 'application/x-ndjson');
  for (const line of ['one\n', 'two\n']) {
    response?.write(line);
    const [chunk] = (await once(answer, 'data')) as [Buffer];
    assert.equal(chunk.toString(), line);
  }
  response?.end();
  await once(answer, 'end');
});

test('a client that goes away ends its request at the agent', async (t) => {
  const { port, signIn, agentClosed } = await withClosings(t);
  const { token } = await signIn();
  const outgoing = open(port, { path: '/slow', headers: bearer(token) });
  outgoing.on('error', () => undefined);
  outgoing.end();
  await until(() => (agentClosed.begun > 0 ? true : undefined), withDeadline(5_000, 'the request'));
  outgoing.destroy();
  await until(() => (agentClosed.ended > 0 ? true : undefined), withDeadline(5_000, 'its end'));
});

async function withClosings(t: Parameters<typeof frontDoorUnderTest>[0]) {
  const agentClosed = { begun: 0, ended: 0 };
  const door = await frontDoorUnderTest(t, {
    agent: (_request, response) => {
      agentClosed.begun += 1;
      response.once('close', () => (agentClosed.ended += 1));
    },
  });
  return { ...door, agentClosed };
}

test('an answer that the agent breaks off is seen as broken off, not as complete', async (t) => {
  const { port, signIn } = await frontDoorUnderTest(t, {
    agent: (request, response) => {
      response.writeHead(200);
      response.write('half', () => request.socket.destroy());
    },
  });
  const { token } = await signIn();
  await assert.rejects(ask(port, { path: '/x', headers: bearer(token) }), { code: 'ECONNRESET' });
});

test('an agent that breaks off before it answers is said to be unavailable', async (t) => {
  const { port, signIn } = await frontDoorUnderTest(t, { agent: (request) => request.socket.destroy() });
  const { token } = await signIn();
  const answer = await ask(port, { path: '/x', headers: bearer(token) });
  assert.equal(answer.status, 503);
  assert.equal((JSON.parse(answer.text) as { code: string }).code, 'agent-unavailable');
});

test('an agent that never answers is given up after the deadline', async (t) => {
  const { port, signIn } = await frontDoorUnderTest(t, {
    limits: { agentAnswerTimeoutMs: 200 },
    agent: () => undefined,
  });
  const { token } = await signIn();
  assert.equal((await ask(port, { path: '/x', headers: bearer(token) })).status, 503);
});

test('an agent that has gone is started again for the next request, which then succeeds', async (t) => {
  const door = await frontDoorUnderTest(t);
  const { token } = await door.signIn();
  const request = { path: '/x', method: 'POST', headers: bearer(token) };
  assert.equal((await ask(door.port, request, 'body')).text, 'hello from the agent');
  await door.stopAgent();
  assert.equal((await ask(door.port, request, 'body')).text, 'hello from the agent');
  assert.equal(door.agentStarts(), 2);
  door.isAgentBroken = true;
  await door.stopAgent();
  const answer = await ask(door.port, request, 'body');
  assert.equal(answer.status, 503);
  assert.equal(answer.headers['retry-after'], '2');
});

test('an early answer to a large body arrives, and the connection then ends', async (t) => {
  const { port, signIn } = await frontDoorUnderTest(t, {
    agent: (_request, response) => response.writeHead(413, { connection: 'close' }).end('too large'),
  });
  const { token } = await signIn();
  const socket = await rawConnection(port);
  const text = readToEnd(socket);
  socket.write(
    `POST /x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1000000\r\n\r\nbegin`,
  );
  assert.match(await text, /^HTTP\/1\.1 413 [\s\S]*too large/);
});

test('requests on one connection are answered in their order', async (t) => {
  const { port, signIn } = await frontDoorUnderTest(t, {
    agent: (request, response) => {
      const delayMs = request.url === '/1' ? 100 : 0;
      setTimeout(() => response.end(`answer ${request.url ?? ''};`), delayMs);
    },
  });
  const { token } = await signIn();
  const socket = await rawConnection(port);
  const text = readToEnd(socket);
  const line = (path: string, connection: string) =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  socket.write(line('/1', 'keep-alive') + line('/2', 'keep-alive') + line('/3', 'close'));
  assert.deepEqual((await text).match(/answer \/\d/g), ['answer /1', 'answer /2', 'answer /3']);
});

function* repeat(part: Buffer, times: number): Generator<Buffer> {
  for (let count = 0; count < times; count += 1) yield part;
}
