import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import test from 'node:test';
import type { TLSSocket } from 'node:tls';
import { until, withDeadline } from '../../../src/base/time';
import { frontDoorPaths } from '../../../src/protocol/front-door';
import { ask, bearer, frontDoorUnderTest, rawConnection, readToEnd } from './front-door-under-test';

const wellKnownRequest = `GET ${frontDoorPaths.wellKnown} HTTP/1.1\r\nHost: x\r\n\r\n`;

test('TLS 1.2 is not spoken, and no session is resumed', async (t) => {
  const { port } = await frontDoorUnderTest(t);
  await assert.rejects(rawConnection(port, { maxVersion: 'TLSv1.2' }), /alert|version/i);
  const first = await rawConnection(port);
  let session: Buffer | undefined;
  first.on('session', (offered: Buffer) => (session = offered));
  first.write(wellKnownRequest);
  await once(first, 'data');
  assert.equal(first.getProtocol(), 'TLSv1.3');
  assert.equal(first.alpnProtocol, false);
  session ??= first.getSession();
  first.destroy();
  const second = await rawConnection(port, session === undefined ? {} : { session });
  second.write(wellKnownRequest);
  await once(second, 'data');
  assert.equal(second.isSessionReused(), false);
  second.destroy();
});

test('only http/1.1 is agreed on', async (t) => {
  const { port } = await frontDoorUnderTest(t);
  const socket = await rawConnection(port, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, 'http/1.1');
  socket.destroy();
  await assert.rejects(rawConnection(port, { ALPNProtocols: ['h2'] }));
});

test('who is silent, before TLS, in it, or after it, is closed in time', async (t) => {
  const { port, frontDoor } = await frontDoorUnderTest(t, {
    limits: { handshakeTimeoutMs: 2_000, firstRequestTimeoutMs: 2_500, signInTimeoutMs: 4_000 },
  });
  const plain = connectPlain(port, '127.0.0.1');
  const half = connectPlain(port, '127.0.0.1', () => half.write(Buffer.from([22, 3, 1, 2, 0, 1])));
  const silent = await rawConnection(port);
  const slow = await rawConnection(port);
  const polite = await rawConnection(port);
  const drip = setInterval(() => slow.write('X'), 20);
  slow.write(`GET / HTTP/1.1\r\nX: `);
  const repeating = setInterval(() => polite.write(wellKnownRequest), 50);
  // With an error or without: a connection that is closed while bytes are on their way is reset.
  const endOf = (socket: Socket) =>
    new Promise<void>((resolve) => socket.resume().once('close', () => resolve()));
  const politeEnd = endOf(polite);
  t.after(() => {
    clearInterval(drip);
    clearInterval(repeating);
  });
  for (const socket of [plain, half]) socket.on('error', () => socket.destroy());
  const startMs = performance.now();
  await Promise.all([plain, half, silent, slow].map(endOf));
  // Who asks politely but never signs in has a little more time, and no more.
  await politeEnd;
  assert.ok(performance.now() - startMs < 30_000, 'long before the limits of a real front door');
  await until(
    () => (frontDoor.countConnections().all === 0 ? true : undefined),
    withDeadline(5_000, 'all connections to be gone'),
  );
});

test('a sign-in body that does not arrive is given up, and the connection with it', async (t) => {
  const { port } = await frontDoorUnderTest(t, { limits: { signInBodyTimeoutMs: 200 } });
  const socket = await rawConnection(port);
  const text = readToEnd(socket);
  socket.write(`POST ${frontDoorPaths.signIn} HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n{"code"`);
  assert.match(await text, /^HTTP\/1\.1 408 /);
});

test('strangers have a limited number of connections from one source, and the signed-in are not counted', async (t) => {
  const { port, signIn, frontDoor } = await frontDoorUnderTest(t, {
    limits: { maxUnauthenticatedPerSource: 5 },
  });
  const { token } = await signIn();
  const signedIn: TLSSocket[] = [];
  for (let count = 0; count < 8; count += 1) {
    const socket = await rawConnection(port);
    socket.write(`GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await once(socket, 'data');
    signedIn.push(socket);
  }
  const strangers = await Promise.all(Array.from({ length: 5 }, () => askingConnection(port)));
  await assert.rejects(rawConnection(port));
  assert.deepEqual(frontDoor.countConnections(), { all: 13, signedIn: 8 });
  strangers[0]?.destroy();
  await until(
    () => rawConnection(port).catch(() => undefined),
    withDeadline(5_000, 'room for another connection'),
  ).then((socket) => socket.destroy());
  for (const socket of [...strangers, ...signedIn]) socket.destroy();
});

test('strangers have a limited number of connections in all', async (t) => {
  const { port } = await frontDoorUnderTest(t, { limits: { maxUnauthenticated: 3 } });
  const open = await Promise.all(Array.from({ length: 3 }, () => askingConnection(port)));
  await assert.rejects(rawConnection(port));
  for (const socket of open) socket.destroy();
});

for (const [newcomer, oldest] of [
  ['127.0.0.1', 0],
  ['127.0.0.2', 2],
  ['127.0.0.3', 0],
] as const) {
  test(`silent strangers do not keep out one from ${newcomer}: the oldest gives way, and who asked stays`, async (t) => {
    const { port, frontDoor } = await frontDoorUnderTest(t, {
      limits: { maxUnauthenticated: 6, maxUnauthenticatedPerSource: 3 },
    });
    const asking = await askingConnection(port);
    const silent: Socket[] = [];
    for (const localAddress of ['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.2', '127.0.0.2']) {
      const socket = connectPlain({ port, host: '127.0.0.1', localAddress });
      silent.push(socket.on('error', () => socket.destroy()).resume());
      await until(
        () => (frontDoor.countConnections().all === 1 + silent.length ? true : undefined),
        withDeadline(5_000, 'a silent connection'),
      );
    }
    const answer = await ask(port, { path: frontDoorPaths.wellKnown, localAddress: newcomer });
    assert.equal(answer.status, 200);
    await until(
      () => (silent[oldest]?.destroyed === true ? true : undefined),
      withDeadline(5_000, 'the oldest silent one to be closed'),
    );
    assert.equal(silent.filter((socket) => socket.destroyed).length, 1);
    asking.write(wellKnownRequest);
    await once(asking, 'data');
    for (const socket of [asking, ...silent]) socket.destroy();
  });
}

test('a source that holds all the room gives some to another one, also when it has asked something', async (t) => {
  const { port } = await frontDoorUnderTest(t, { limits: { maxUnauthenticated: 3 } });
  const open = await Promise.all(Array.from({ length: 3 }, () => askingConnection(port)));
  const answer = await ask(port, { path: frontDoorPaths.wellKnown, localAddress: '127.0.0.2' });
  assert.equal(answer.status, 200);
  await until(
    () => (open.filter((socket) => socket.resume().destroyed).length === 1 ? true : undefined),
    withDeadline(5_000, 'one of them to be closed'),
  );
  for (const socket of open) socket.destroy();
});

/** A connection that has asked something, as a stranger may. */
async function askingConnection(port: number): Promise<TLSSocket> {
  const socket = await rawConnection(port);
  socket.write(wellKnownRequest);
  await once(socket, 'data');
  return socket;
}

const malformed: readonly [what: string, request: string, answer: RegExp][] = [
  ['a head of 20 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ['an address of 20 KiB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 431 /],
  [
    '101 headers',
    `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(101)}Connection: close\r\n\r\n`,
    /^HTTP\/1\.1 413 /,
  ],
  ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['words', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
  [
    'length and chunks at once',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
    /^HTTP\/1\.1 400 /,
  ],
  [
    'a whole address',
    'GET https://other/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
  ['CONNECT', 'CONNECT other:443 HTTP/1.1\r\nHost: other\r\n\r\n', /^$/],
  ['a line break within a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\n C: d\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^HTTP\/1\.1 400 /],
];

for (const [what, request, answer] of malformed) {
  test(`${what} is refused, and the next client is served`, async (t) => {
    const { port } = await frontDoorUnderTest(t);
    const socket = await rawConnection(port);
    const text = readToEnd(socket);
    socket.write(request);
    assert.match(await text, answer);
    assert.equal((await ask(port, { path: frontDoorPaths.wellKnown })).status, 200);
  });
}

test('10,000 mutated requests leave it up, with bounded memory and nothing passed on that was not signed in', async (t) => {
  const passed: string[] = [];
  const { port, signIn, frontDoor } = await frontDoorUnderTest(t, {
    refusalMs: 1,
    agent: (request, response) => {
      passed.push(request.url ?? '');
      response.end();
    },
  });
  const { token } = await signIn();
  const random = randomNumbers(20_261_121);
  const senders = 6;
  const perSender = 1_700;
  global.gc?.();
  const beforeBytes = process.memoryUsage().rss;
  let sent = 0;
  const send = async () => {
    let socket: TLSSocket | undefined;
    for (let count = 0; count < perSender; count += 1) {
      if (socket === undefined || socket.destroyed || !socket.writable) {
        socket?.destroy();
        socket = await rawConnection(port);
        socket.resume();
      }
      socket.write(mutate(seeds[count % seeds.length] ?? '', random));
      sent += 1;
      // Most of them end the connection; what waits on the others must not pile up.
      if (count % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (count % 25 === 0) socket.destroy();
    }
    socket?.destroy();
  };
  await Promise.all(Array.from({ length: senders }, send));
  assert.ok(sent >= 10_000);
  assert.deepEqual(passed, []);
  const answer = await ask(port, { path: '/after', headers: bearer(token) });
  assert.equal(answer.status, 200);
  assert.equal((await ask(port, { path: frontDoorPaths.wellKnown })).status, 200);
  await until(
    () => (frontDoor.countConnections().all === 0 ? true : undefined),
    withDeadline(5_000, 'all connections to be gone'),
  );
  const grownBytes = process.memoryUsage().rss - beforeBytes;
  assert.ok(grownBytes < 200 * 1024 * 1024, `grown by ${grownBytes} bytes`);
});

const seeds: readonly string[] = [
  wellKnownRequest,
  `POST ${frontDoorPaths.signIn} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"code":"0000-0000"}`,
  `POST ${frontDoorPaths.signIn} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{"code":"0000-0000"}\r\n0\r\n\r\n`,
  `POST ${frontDoorPaths.signOut}?everywhere HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'A'.repeat(43)}\r\nContent-Length: 0\r\n\r\n`,
  `GET /api/kernels/x/channels HTTP/1.1\r\nHost: x\r\nAuthorization: token ${'A'.repeat(43)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  'PUT /api HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
];

/** Changes a few bytes: flipped, removed, repeated, or replaced by what parsers stumble over. */
function mutate(seed: string, random: () => number): Buffer {
  let text = seed;
  const pick = (limit: number) => Math.floor(random() * limit);
  for (let count = 1 + pick(4); count > 0; count -= 1) {
    const at = pick(text.length + 1);
    const length = pick(12);
    const changes = [
      () => text.slice(0, at) + String.fromCharCode(pick(256)) + text.slice(at + 1),
      () => text.slice(0, at) + text.slice(at + length),
      () => text.slice(0, at) + text.slice(at, at + length).repeat(1 + pick(40)) + text.slice(at),
      () => text.slice(0, at) + (stumbles[pick(stumbles.length)] ?? '') + text.slice(at),
    ];
    text = (changes[pick(changes.length)] ?? (() => text))();
  }
  return Buffer.from(text, 'latin1');
}

const stumbles: readonly string[] = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  '%00',
  '%zz',
  '../'.repeat(50),
  'Content-Length: -1\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked, chunked\r\n',
  'ffffffffffffffff\r\n',
  '[['.repeat(2_000),
  '{"a":'.repeat(700),
  `Authorization: Bearer ${'B'.repeat(43)}\r\n`,
  '?token=x',
  '\u00ff\u00fe',
  'A: '.concat('b'.repeat(3_000), '\r\n'),
];

/** The same numbers in each run (mulberry32), so that a failure can be seen again. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
