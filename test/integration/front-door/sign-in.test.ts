import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { TLSSocket } from 'node:tls';
import { until, withDeadline } from '../../../src/base/time';
import { attemptsBeforePause, frontDoorPaths, parseWellKnown } from '../../../src/protocol/front-door';
import { ask, bearer, frontDoorUnderTest, open, rawConnection } from './front-door-under-test';

const post = { method: 'POST', path: frontDoorPaths.signIn };

test('strangers learn what the well-known answer says and nothing more', async (t) => {
  const { port } = await frontDoorUnderTest(t);
  const answer = await ask(port, { path: frontDoorPaths.wellKnown });
  assert.equal(answer.status, 200);
  const body: unknown = JSON.parse(answer.text);
  assert.ok(parseWellKnown(body).ok);
  assert.deepEqual(Object.keys(body as object).sort(), [
    'daemonId',
    'name',
    'protocol',
    'signIn',
    'startId',
    'version',
  ]);
});

test('a right code gives a token, once; the token leads to the agent, with either word before it', async (t) => {
  const { port, codes } = await frontDoorUnderTest(t);
  const { code } = codes.issue();
  const typed = code.toLowerCase().replace('-', ' ');
  const first = await ask(port, post, JSON.stringify({ code: typed }));
  assert.equal(first.status, 200);
  const { token, user } = JSON.parse(first.text) as { token: string; user: string };
  assert.equal(user, 'ada');
  for (const word of ['Bearer', 'token']) {
    const answer = await ask(port, { path: '/api', headers: { authorization: `${word} ${token}` } });
    assert.equal(answer.text, 'hello from the agent');
  }
  const second = await ask(port, post, JSON.stringify({ code }));
  assert.equal(second.status, 401);
});

test('wrong, used and expired codes and passwords get one answer after one time', async (t) => {
  const refusalMs = 300;
  const { port, codes, clock, agentStarts } = await frontDoorUnderTest(t, { refusalMs });
  const refusals: { text: string; timeMs: number }[] = [];
  const refuse = async (body: object) => {
    const startMs = performance.now();
    const answer = await ask(port, post, JSON.stringify(body));
    assert.equal(answer.status, 401);
    refusals.push({ text: answer.text, timeMs: performance.now() - startMs });
  };
  await refuse({ code: '0000-0000' });
  const expired = codes.issue();
  clock.nowMs += 600_000;
  await refuse({ code: expired.code });
  assert.equal(agentStarts(), 0);
  const used = codes.issue();
  assert.equal((await ask(port, post, JSON.stringify({ code: used.code }))).status, 200);
  await refuse({ code: used.code });
  await refuse({ username: 'ada', answers: ['secret'] });
  assert.equal(new Set(refusals.map(({ text }) => text)).size, 1);
  assert.deepEqual(JSON.parse(refusals[0]?.text ?? ''), {
    code: 'refused',
    message: 'the sign-in was not accepted',
  });
  for (const { timeMs } of refusals)
    assert.ok(timeMs >= refusalMs && timeMs < refusalMs + 700, String(timeMs));
});

test('after as many wrong codes as the protocol says even the right one has to wait', async (t) => {
  const { port, codes } = await frontDoorUnderTest(t, { refusalMs: 10 });
  for (let count = 0; count < attemptsBeforePause; count += 1)
    assert.equal((await ask(port, post, '{"code":"0000-0000"}')).status, 401);
  const answer = await ask(port, post, JSON.stringify({ code: codes.issue().code }));
  assert.equal(answer.status, 429);
  const seconds = Number(answer.headers['retry-after']);
  assert.ok(seconds > 25 && seconds <= 30);
  assert.equal((JSON.parse(answer.text) as { code: string }).code, 'too-many-attempts');
});

test('many attempts at once are counted before they are looked at', async (t) => {
  const { port } = await frontDoorUnderTest(t);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask(port, post, '{"code":"0000-0000"}')),
  );
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  assert.deepEqual([count(401), count(429)], [attemptsBeforePause, 20 - attemptsBeforePause]);
});

test('a code that is used by many at once lets one in', async (t) => {
  const { port, codes, tokens } = await frontDoorUnderTest(t);
  const body = JSON.stringify({ code: codes.issue().code });
  const answers = await Promise.all(Array.from({ length: attemptsBeforePause }, () => ask(port, post, body)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(tokens.size, 1);
});

test('a code stays valid when the agent could not be started', async (t) => {
  const door = await frontDoorUnderTest(t);
  door.isAgentBroken = true;
  const body = JSON.stringify({ code: door.codes.issue().code });
  const failed = await ask(door.port, post, body);
  assert.equal(failed.status, 503);
  assert.notEqual(failed.headers['retry-after'], undefined);
  assert.equal(door.tokens.size, 0);
  door.isAgentBroken = false;
  const signal = withDeadline(5_000, 'the back-off of the agent');
  const status = await until(
    async () => {
      const answer = await ask(door.port, post, body);
      return answer.status === 503 ? undefined : answer.status;
    },
    signal,
    300,
  );
  assert.equal(status, 200);
});

const malformed: readonly [what: string, body: string, status: number][] = [
  ['nothing', '', 400],
  ['no JSON', 'code=0000', 400],
  ['an array', '[]', 400],
  ['an unknown key', '{"code":"0000-0000","admin":true}', 400],
  ['both kinds at once', '{"code":"0000-0000","username":"a","answers":[]}', 400],
  ['a number for a code', '{"code":7}', 400],
  ['a code of 65 letters', `{"code":"${'0'.repeat(65)}"}`, 400],
  ['17 answers', JSON.stringify({ username: 'a', answers: new Array<string>(17).fill('x') }), 400],
  ['a body over 4 KiB', JSON.stringify({ code: '0', label: 'x'.repeat(5_000) }), 413],
  ['a prototype', '{"__proto__":{"code":"0000-0000"}}', 400],
];

for (const [what, body, status] of malformed) {
  test(`a sign-in with ${what} is answered ${status}, repeats nothing of it, and is no attempt`, async (t) => {
    const { port, codes } = await frontDoorUnderTest(t);
    for (let count = 0; count < attemptsBeforePause + 1; count += 1) {
      const answer = await ask(port, post, body);
      assert.equal(answer.status, status);
      assert.ok(!answer.text.includes('0000'));
    }
    assert.equal((await ask(port, post, JSON.stringify({ code: codes.issue().code }))).status, 200);
  });
}

test('other methods are refused with what is right', async (t) => {
  const { port } = await frontDoorUnderTest(t);
  assert.equal((await ask(port, { path: frontDoorPaths.signIn })).status, 405);
  assert.equal((await ask(port, { path: frontDoorPaths.signOut })).status, 405);
  assert.equal((await ask(port, { path: frontDoorPaths.wellKnown, method: 'PUT' })).status, 405);
});

test('a web page of another origin cannot try codes', async (t) => {
  const { port, codes } = await frontDoorUnderTest(t);
  const body = JSON.stringify({ code: codes.issue().code });
  const foreign = { ...post, headers: { origin: 'https://example.org' } };
  assert.equal((await ask(port, foreign, body)).status, 403);
  const own = { ...post, headers: { origin: `https://127.0.0.1:${port}` } };
  assert.equal((await ask(port, own, body)).status, 200);
});

test('a token in the address is refused, also beside a right one in the header', async (t) => {
  const { port, signIn } = await frontDoorUnderTest(t);
  const { token } = await signIn();
  for (const path of [`/api?token=${token}`, `/api?a=1&TOKEN=${token}`, `/sign-out?token=${token}`]) {
    const answer = await ask(port, { path, headers: bearer(token) });
    assert.equal(answer.status, 400);
    assert.equal((JSON.parse(answer.text) as { code: string }).code, 'token-in-url');
    assert.ok(!answer.text.includes(token));
  }
  const upgrade = open(port, {
    path: `/api/kernels/x/channels?token=${token}`,
    headers: { ...bearer(token), connection: 'Upgrade', upgrade: 'websocket' },
  });
  upgrade.end();
  const [answer] = (await once(upgrade, 'response')) as [{ statusCode: number }];
  assert.equal(answer.statusCode, 400);
});

test('without a valid token everything else is unauthorized, in the same words', async (t) => {
  const { port, signIn, agentStarts } = await frontDoorUnderTest(t);
  const texts = new Set<string>();
  for (const authorization of [undefined, 'Bearer x', `Bearer ${'A'.repeat(43)}`, 'Basic YTpi']) {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await ask(port, { path: '/api/kernels', headers });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    texts.add(answer.text);
  }
  assert.equal(texts.size, 1);
  assert.equal(agentStarts(), 0);
  await signIn();
});

test('signing out ends the token and its open connections, and no other', async (t) => {
  const { port, signIn, tokens } = await frontDoorUnderTest(t);
  const [one, other] = [await signIn(), await signIn()];
  const [ending, staying] = [await rawConnection(port), await rawConnection(port)];
  const use = async (socket: TLSSocket, token: string) => {
    socket.write(`GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await once(socket, 'data');
  };
  await use(ending, one.token);
  await use(staying, other.token);
  const closed = once(ending, 'close');
  const signOut = { path: frontDoorPaths.signOut, method: 'POST', headers: bearer(one.token) };
  assert.equal((await ask(port, signOut)).status, 204);
  await closed;
  assert.equal((await ask(port, { path: '/api', headers: bearer(one.token) })).status, 401);
  assert.equal((await ask(port, signOut)).status, 401);
  assert.equal(tokens.size, 1);
  await use(staying, other.token);
});

for (const [who, isGone, before] of [
  ['hangs up at once', true, ''],
  ['waits for an earlier answer on the connection', false, 'GET /endless HTTP/1.1\r\nHost: x\r\n'],
  ['waits so and hangs up', true, 'GET /endless HTTP/1.1\r\nHost: x\r\n'],
] as const) {
  test(`signing out is in force also when the client ${who}`, async (t) => {
    const { port, signIn, tokens } = await frontDoorUnderTest(t, {
      agent: (request, response) => {
        response.write('a part');
        if (request.url !== '/endless') response.end();
      },
    });
    const { token } = await signIn();
    const watching = await rawConnection(port);
    const authorization = `Authorization: Bearer ${token}\r\n\r\n`;
    watching.write(`GET /endless HTTP/1.1\r\nHost: x\r\n${authorization}`);
    await once(watching, 'data');
    const closed = once(watching, 'close', {
      signal: withDeadline(10_000, 'the end of the other connection'),
    });
    const leaving = (await rawConnection(port)).resume();
    const earlier = before === '' ? '' : before + authorization;
    const signOut = `POST ${frontDoorPaths.signOut} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${authorization}`;
    await new Promise((resolve) => leaving.write(earlier + signOut, resolve));
    if (isGone) leaving.destroy();
    await closed;
    assert.equal(tokens.size, 0);
    assert.equal((await ask(port, { path: '/api', headers: bearer(token) })).status, 401);
    if (!leaving.destroyed)
      await once(leaving, 'close', { signal: withDeadline(10_000, 'the end of its own connection') });
  });
}

test('signing out ends the token and its connections also when the disk does not take it', async (t) => {
  const { port, signIn, folder } = await frontDoorUnderTest(t);
  const { token } = await signIn();
  const socket = await rawConnection(port);
  socket.write(`GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await once(socket, 'data');
  const file = join(folder, 'sign-ins.json');
  await rm(file);
  await mkdir(file);
  const closed = once(socket, 'close', { signal: withDeadline(10_000, 'the end of the connection') });
  const signOut = { path: frontDoorPaths.signOut, method: 'POST', headers: bearer(token) };
  const answer = await ask(port, signOut);
  assert.equal(answer.status, 500);
  assert.match(answer.text, /has ended, but this is not written down/);
  await closed;
  assert.equal((await ask(port, { path: '/api', headers: bearer(token) })).status, 401);
});

test('signing out everywhere ends all sign-ins of the user and their connections', async (t) => {
  const { port, signIn, tokens } = await frontDoorUnderTest(t);
  const [one, other] = [await signIn(), await signIn()];
  const socket = await rawConnection(port);
  socket.write(`GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${other.token}\r\n\r\n`);
  await once(socket, 'data');
  const closed = once(socket, 'close');
  const path = `${frontDoorPaths.signOut}?everywhere`;
  assert.equal((await ask(port, { path, method: 'POST', headers: bearer(one.token) })).status, 204);
  await closed;
  assert.equal(tokens.size, 0);
});

test('when a sign-in expires its open connections are closed', async (t) => {
  const { port, signIn, clock } = await frontDoorUnderTest(t, { limits: { recheckIntervalMs: 200 } });
  const { token } = await signIn();
  const socket = await rawConnection(port);
  socket.write(`GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await once(socket, 'data');
  clock.nowMs += 31 * 24 * 60 * 60 * 1000;
  await once(socket, 'close');
  assert.equal((await ask(port, { path: '/api', headers: bearer(token) })).status, 401);
});
