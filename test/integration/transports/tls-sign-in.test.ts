import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { withDeadline } from '../../../src/base/time';
import { createTlsTransport } from '../../../src/extension/transports/tls/tls-transport';
import {
  ConnectionError,
  passwordSecretKey,
  tokenSecretKey,
  type Connection,
  type ConnectOptions,
} from '../../../src/extension/transports/transport';
import { createPerson, createProfile } from '../hosts/window';
import { createCertificate } from './certificates';
import { hello, startFakeFrontDoor, wellKnown, type Answer, type FakeFrontDoor } from './fake-front-door';

const client = { clientId: '0'.repeat(32), windowId: 'w', label: 'a test' };
const token = 'T'.repeat(43);
const accepted = { status: 200, body: { token, user: 'ada', expiresAt: '2030-01-01T00:00:00Z' } };
const refused = { status: 401, body: { code: 'refused', message: 'no' } };

interface SignInBody {
  readonly code?: string;
  readonly username?: string;
  readonly answers?: readonly string[];
  readonly conversation?: string;
  readonly label?: string;
}

/** A front door whose sign-in is decided by the test. */
async function startDoor(
  t: TestContext,
  decide: (body: SignInBody) => ReturnType<Answer>,
  over: Record<string, unknown> = {},
): Promise<FakeFrontDoor> {
  const valid = new Set([token]);
  return await startFakeFrontDoor(t, {
    certificate: await createCertificate('lab-7'),
    answer({ path, body, authorization }) {
      if (path === '/.well-known/remote-kernels') return { status: 200, body: wellKnown(over) };
      if (path === '/sign-in') return decide(JSON.parse(body) as SignInBody);
      if (path.startsWith('/sign-out')) {
        valid.clear();
        return { status: 204, body: {} };
      }
      return valid.has(authorization?.slice('Bearer '.length) ?? '')
        ? { status: 200, body: hello() }
        : { status: 401, body: { code: 'unauthorized', message: 'no' } };
    },
  });
}

async function connectTo(
  t: TestContext,
  door: Pick<FakeFrontDoor, 'port' | 'certificate'>,
  options: Partial<ConnectOptions>,
): Promise<Connection> {
  const connection = await createTlsTransport({ client }).connect(
    { kind: 'tls', hostname: '127.0.0.1', port: door.port, origin: 'discovered' },
    {
      hostName: 'lab-7',
      acceptedPin: door.certificate.pin,
      secrets: createProfile().secrets,
      onStep: () => undefined,
      logger: silentLogger,
      signal: withDeadline(20_000, 'the connection'),
      ...options,
    },
  );
  t.after(() => connection.dispose());
  return connection;
}

async function failureOf(promise: Promise<unknown>): Promise<ConnectionError> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  assert.ok(outcome instanceof ConnectionError, String(outcome));
  return outcome;
}

test('a wrong code is asked for again with the attempts that are left, and the right one signs in', async (t) => {
  const door = await startDoor(t, ({ code }) => (code === 'GOOD-CODE' ? accepted : refused), {
    signIn: ['code'],
  });
  const person = createPerson(['BAD', ' GOOD-CODE ']);
  const { secrets } = createProfile();
  const steps: string[] = [];
  const connection = await connectTo(t, door, {
    interaction: person,
    secrets,
    onStep: (step) => steps.push(step),
  });
  assert.equal(connection.userName, 'ada');
  assert.equal(connection.daemonId, 'd'.repeat(32));
  assert.deepEqual(
    person.prompts.map(({ kind, refused: before }) => [kind, before?.attemptsLeft]),
    [
      ['code', undefined],
      ['code', 2],
    ],
  );
  assert.deepEqual(steps, ['reaching', 'checking-key', 'signing-in', 'starting-agent']);
  assert.equal(await secrets.get(tokenSecretKey(door.certificate.pin, 'ada')), token);
});

test('after the last attempt before a pause the sign-in ends as refused', async (t) => {
  const door = await startDoor(t, () => refused);
  const person = createPerson(['ada', 'one', 'two', 'three', 'four']);
  const error = await failureOf(connectTo(t, door, { interaction: person }));
  assert.equal(error.code, 'refused');
  assert.equal(error.facts.userName, 'ada');
  assert.equal(person.prompts.length, 4);
});

test('the questions of a conversation are put one by one, echoed or not, and a wrong answer begins it again', async (t) => {
  const sent: SignInBody[] = [];
  const door = await startDoor(t, (body) => {
    sent.push(body);
    if (body.conversation === 'c2') return body.answers?.join() === 'n1,n1' ? accepted : refused;
    if (body.conversation === 'c1') {
      if (body.answers?.[0] !== '123456') return refused;
      const prompts = [
        { text: 'New password: ', echo: false },
        { text: 'Again: ', echo: false },
      ];
      return { status: 401, body: { code: 'more', prompts, conversation: 'c2' } };
    }
    const prompts = [{ text: 'Verification code: ', echo: true }];
    return { status: 401, body: { code: 'more', prompts, conversation: 'c1' } };
  });
  const person = createPerson(['ada', 'correct horse', '999999', 'correct horse', '123456', 'n1', 'n1']);
  await connectTo(t, door, { interaction: person, userName: 'ada' });
  assert.deepEqual(
    person.prompts.map(({ kind, text, isSecret }) => [kind, text, isSecret]),
    [
      ['user-name', undefined, false],
      ['password', undefined, true],
      ['other', 'Verification code: ', false],
      ['password', undefined, true],
      ['other', 'Verification code: ', false],
      ['other', 'New password: ', true],
      ['other', 'Again: ', true],
    ],
  );
  assert.equal(person.prompts[0]?.suggestion, 'ada');
  assert.deepEqual(sent[0], { username: 'ada', answers: ['correct horse'], label: 'a test' });
  assert.equal(sent.length, 5);
});

test('a host that asks to wait is believed', async (t) => {
  const door = await startDoor(t, () => ({
    status: 429,
    body: { code: 'too-many-attempts', message: 'wait' },
    headers: { 'retry-after': '31' },
  }));
  const error = await failureOf(connectTo(t, door, { interaction: createPerson(['ada', 'x']) }));
  assert.deepEqual([error.code, error.facts.retryAfterMs], ['too-many-attempts', 31_000]);
});

test('a token signs in again without a question, and without one somebody is needed', async (t) => {
  const door = await startDoor(t, () => accepted);
  const { secrets } = createProfile();
  await connectTo(t, door, { interaction: createPerson(['ada', 'x']), secrets });
  const signIns = () => door.requests.filter(({ path }) => path === '/sign-in').length;
  assert.equal(signIns(), 1);
  const connection = await connectTo(t, door, { secrets, userName: 'ada' });
  assert.equal(connection.userName, 'ada');
  assert.equal(signIns(), 1);
  const error = await failureOf(connectTo(t, door, { secrets, userName: 'grace' }));
  assert.equal(error.code, 'sign-in-needed');
  assert.ok(door.requests.every(({ path }) => !path.includes(token)));
});

test('a token that ended is forgotten, and an open connection says so', async (t) => {
  const door = await startDoor(t, () => accepted);
  const { secrets } = createProfile();
  const connection = await connectTo(t, door, { interaction: createPerson(['ada', 'x']), secrets });
  const closed = new Promise<ConnectionError>((resolve) => connection.onDidClose(resolve));
  const other = await connectTo(t, door, { secrets, userName: 'ada' });
  await other.signOut({ isEverywhere: true, signal: withDeadline(5_000, 'the sign-out') });
  assert.equal(door.requests.at(-1)?.path, '/sign-out?everywhere');
  await connection.fetch(`${connection.baseUrl}/remote-kernels/v1/hello`);
  assert.equal((await closed).code, 'sign-in-needed');
  assert.equal(secrets.values.size, 0);
  await secrets.set(tokenSecretKey(door.certificate.pin, 'ada'), token);
  const error = await failureOf(connectTo(t, door, { secrets, userName: 'ada' }));
  assert.equal(error.code, 'sign-in-needed');
  assert.equal(secrets.values.size, 0);
});

test('a password is kept only when asked for, used without a question, and forgotten when it is refused', async (t) => {
  let password = 'correct horse';
  const door = await startDoor(t, ({ answers }) => (answers?.[0] === password ? accepted : refused));
  const { secrets } = createProfile();
  const key = passwordSecretKey(door.certificate.pin, 'ada');
  await connectTo(t, door, { interaction: createPerson(['ada', password]), secrets });
  assert.equal(await secrets.get(key), undefined);
  const remembering = createPerson(['ada', { value: password, isToBeRemembered: true }]);
  secrets.values.clear();
  await connectTo(t, door, { interaction: remembering, secrets });
  assert.equal(await secrets.get(key), password);
  secrets.values.delete(tokenSecretKey(door.certificate.pin, 'ada'));
  await connectTo(t, door, { secrets, userName: 'ada' });
  password = 'another';
  secrets.values.delete(tokenSecretKey(door.certificate.pin, 'ada'));
  const error = await failureOf(connectTo(t, door, { secrets, userName: 'ada' }));
  assert.equal(error.code, 'sign-in-needed');
  assert.equal(await secrets.get(key), undefined);
});

test('a remembered password that the host has changed on the way is remembered as it is then, and one beside a second factor stays', async (t) => {
  const door = await startDoor(t, ({ answers, conversation }) => {
    if (conversation === 'fresh') return answers?.join() === 'old,new,new' ? accepted : refused;
    if (conversation === 'factor') return answers?.join() === '123456' ? accepted : refused;
    const isOld = answers?.[0] === 'old';
    const texts = isOld ? ['Current password: ', 'New password: ', 'Again: '] : ['Code: '];
    const prompts = texts.map((text) => ({ text, echo: false }));
    return { status: 401, body: { code: 'more', prompts, conversation: isOld ? 'fresh' : 'factor' } };
  });
  const { secrets } = createProfile();
  const key = passwordSecretKey(door.certificate.pin, 'ada');
  await secrets.set(key, 'old');
  const changing = createPerson(['old', 'new', 'new']);
  await connectTo(t, door, { interaction: changing, secrets, userName: 'ada' });
  assert.equal(await secrets.get(key), 'new');
  secrets.values.delete(tokenSecretKey(door.certificate.pin, 'ada'));
  await connectTo(t, door, { interaction: createPerson(['123456']), secrets, userName: 'ada' });
  assert.equal(await secrets.get(key), 'new');
});

test('a PIN that the host has had set is not remembered for the password, and nor is the password any longer', async (t) => {
  const door = await startDoor(t, ({ answers, conversation }) => {
    if (conversation !== undefined) return answers?.join() === '1234,1234' ? accepted : refused;
    const prompts = ['New PIN: ', 'Again: '].map((text) => ({ text, echo: false }));
    return { status: 401, body: { code: 'more', prompts, conversation: 'pin' } };
  });
  const { secrets } = createProfile();
  const key = passwordSecretKey(door.certificate.pin, 'ada');
  await secrets.set(key, 'old');
  await connectTo(t, door, { interaction: createPerson(['1234', '1234']), secrets, userName: 'ada' });
  assert.equal(await secrets.get(key), undefined);
  secrets.values.clear();
  const remembering = createPerson(['ada', { value: 'old', isToBeRemembered: true }, '1234', '1234']);
  await connectTo(t, door, { interaction: remembering, secrets });
  assert.equal(await secrets.get(key), undefined);
});

test('with two ways to sign in the person chooses, and a dismissed question cancels', async (t) => {
  const door = await startDoor(t, ({ code }) => (code === 'C' ? accepted : refused), {
    signIn: ['password', 'code', 'passkey'],
  });
  const person = createPerson(['C']);
  const offered: unknown[] = [];
  await connectTo(t, door, {
    interaction: {
      ...person,
      chooseSignIn: ({ methods }) => {
        offered.push(methods);
        return Promise.resolve('code');
      },
    },
  });
  assert.deepEqual(offered, [['password', 'code']]);
  const dismissed = await failureOf(connectTo(t, door, { interaction: createPerson([]) }));
  assert.equal(dismissed.code, 'cancelled');
});

for (const [what, over, code, theirProtocol] of [
  ['an older protocol', { protocol: '0.9' }, 'host-older', '0.9'],
  ['a newer protocol', { protocol: '2.0' }, 'host-newer', '2.0'],
  ['a protocol that nobody can read', { protocol: 'next' }, 'not-a-daemon', 'next'],
  ['another shape', { daemonId: 7 }, 'not-a-daemon', undefined],
  ['ways to sign in that nobody here knows', { signIn: ['passkey'] }, 'not-supported', undefined],
] as const) {
  test(`a host with ${what} is not signed in to`, async (t) => {
    const door = await startDoor(t, () => accepted, over);
    const person = createPerson(['ada', 'secret']);
    const error = await failureOf(connectTo(t, door, { interaction: person }));
    assert.deepEqual([error.code, error.facts.theirProtocol], [code, theirProtocol]);
    assert.ok(door.requests.every(({ path }) => path === '/.well-known/remote-kernels'));
  });
}

test('a newer minor version of the same protocol works', async (t) => {
  const door = await startDoor(t, () => accepted, { protocol: '1.7', more: 'keys' });
  await connectTo(t, door, { interaction: createPerson(['ada', 'x']) });
});

test('what answers garbage, a page, or a redirection is not a daemon', async (t) => {
  const certificate = await createCertificate('lab-7');
  const garbage = await startFakeFrontDoor(t, {
    certificate,
    onSocket: (socket) => socket.end('\0\u0001 hello\r\n\r\n'),
  });
  assert.equal((await failureOf(connectTo(t, garbage, {}))).code, 'not-a-daemon');
  const page = await startFakeFrontDoor(t, { certificate, answer: () => ({ status: 200, body: '<html>' }) });
  assert.equal((await failureOf(connectTo(t, page, {}))).code, 'not-a-daemon');
  const endless = await startFakeFrontDoor(t, {
    certificate,
    answer: () => ({ status: 200, body: { ...wellKnown(), name: 'x'.repeat(1_000_000) } }),
  });
  assert.equal((await failureOf(connectTo(t, endless, {}))).code, 'not-a-daemon');
  const elsewhere = await startDoor(t, () => accepted);
  const moved = await startFakeFrontDoor(t, {
    certificate,
    answer: () => ({ status: 302, body: {}, headers: { location: `https://127.0.0.1:${elsewhere.port}/` } }),
  });
  const error = await failureOf(connectTo(t, moved, {}));
  assert.notEqual(error.code, 'cancelled');
  assert.equal(elsewhere.connections, 0);
});

test('silence, a closed port and an unknown name are told apart', async (t) => {
  const { certificate } = { certificate: await createCertificate('x') };
  const silent = createServer((socket) => t.after(() => socket.destroy()));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const signal = AbortSignal.timeout(300);
  const cancelled = await failureOf(connectTo(t, { port, certificate }, { signal }));
  assert.equal(cancelled.code, 'cancelled');

  const gone = createServer();
  gone.listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const freePort = (gone.address() as AddressInfo).port;
  gone.close();
  const closed = await failureOf(connectTo(t, { port: freePort, certificate }, {}));
  assert.deepEqual([closed.code, closed.recovery], ['unreachable', 'retry']);

  const unknown = await failureOf(
    createTlsTransport({ client }).connect(
      { kind: 'tls', hostname: 'no-such-host.invalid', port: 1, origin: 'typed' },
      {
        hostName: 'x',
        secrets: createProfile().secrets,
        onStep: () => undefined,
        logger: silentLogger,
        signal: withDeadline(20_000, 'the name'),
      },
    ),
  );
  assert.equal(unknown.code, 'name-not-found');
});
