import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { judgeHandshake, tlsSettings } from '../../../src/extension/transports/tls/pinned-socket';
import { createTlsTransport } from '../../../src/extension/transports/tls/tls-transport';
import {
  ConnectionError,
  type AddressOrigin,
  type Connection,
  type ConnectOptions,
} from '../../../src/extension/transports/transport';
import { createPerson, createProfile } from '../hosts/window';
import { createAuthority, createCertificate } from './certificates';
import { hello, startFakeFrontDoor, wellKnown, type FakeFrontDoor, type Answer } from './fake-front-door';

const client = { clientId: '0'.repeat(32), windowId: 'w', label: 'a test' };
const token = 'T'.repeat(43);

/** A front door that lets in whoever says the right password. */
const letsIn: Answer = ({ path, body, authorization }) => {
  if (path === '/.well-known/remote-kernels') return { status: 200, body: wellKnown() };
  if (path === '/sign-in') {
    return (JSON.parse(body) as { answers?: string[] }).answers?.[0] === 'correct horse'
      ? { status: 200, body: { token, user: 'ada', expiresAt: '2030-01-01T00:00:00Z' } }
      : { status: 401, body: { code: 'refused', message: 'no' } };
  }
  if (authorization === `Bearer ${token}`) return { status: 200, body: hello() };
  return { status: 401, body: { code: 'unauthorized', message: 'no' } };
};

interface Trial extends Partial<ConnectOptions> {
  readonly port?: number;
  readonly origin?: AddressOrigin;
  readonly hostname?: string;
  readonly certificateAuthorities?: readonly string[];
}

async function connectTo(t: TestContext, door: FakeFrontDoor, trial: Trial): Promise<Connection> {
  const { origin = 'discovered', hostname = '127.0.0.1', port = door.port, ...rest } = trial;
  const { certificateAuthorities = [], ...options } = rest;
  const transport = createTlsTransport({ client, certificateAuthorities: () => certificateAuthorities });
  const connection = await transport.connect(
    { kind: 'tls', hostname, port, origin },
    {
      hostName: 'lab-7',
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
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ConnectionError, String(error));
    return error;
  }
  assert.fail('it connected');
}

test('a host that shows another key than the accepted one gets no byte, not even with an interaction, a token and a password at hand', async (t) => {
  const genuine = await createCertificate('lab-7');
  const spoof = await startFakeFrontDoor(t, {
    certificate: await createCertificate('lab-7'),
    answer: letsIn,
  });
  const person = createPerson(['ada', 'correct horse']);
  const { secrets } = createProfile();
  await secrets.set(`token:${genuine.pin}:ada`, token);
  await secrets.set(`password:${genuine.pin}:ada`, 'correct horse');
  const error = await failureOf(
    connectTo(t, spoof, { acceptedPin: genuine.pin, interaction: person, secrets, userName: 'ada' }),
  );
  assert.equal(error.code, 'key-changed');
  assert.equal(error.facts.presentedPin, spoof.certificate.pin);
  assert.equal(error.facts.address, `127.0.0.1:${spoof.port}`);
  await spoof.untilClosed();
  assert.equal(spoof.connections, 1);
  assert.equal(spoof.receivedBytes, 0);
  assert.deepEqual([person.keys.length, person.prompts.length], [0, 0]);
});

test('an unknown key is asked about before a byte is sent and before anything else is asked', async (t) => {
  const door = await startFakeFrontDoor(t, { certificate: await createCertificate('lab-7'), answer: letsIn });
  const bytesWhenAsked: number[] = [];
  const person = createPerson(['ada', 'correct horse'], () => {
    bytesWhenAsked.push(door.receivedBytes, person.prompts.length);
    return true;
  });
  const connection = await connectTo(t, door, { interaction: person });
  assert.deepEqual(bytesWhenAsked, [0, 0]);
  assert.equal(person.keys[0]?.pin, door.certificate.pin);
  assert.equal(person.keys[0].address, `127.0.0.1:${door.port}`);
  assert.equal(connection.pin, door.certificate.pin);
  assert.equal(connection.userName, 'ada');
  assert.equal(connection.isTrustedByAuthority, undefined);
});

test('a key that is declined, or that nobody can be asked about, gets no byte', async (t) => {
  const door = await startFakeFrontDoor(t, { certificate: await createCertificate('lab-7'), answer: letsIn });
  const declined = await failureOf(connectTo(t, door, { interaction: createPerson([], false) }));
  assert.equal(declined.code, 'key-declined');
  const unknown = await failureOf(connectTo(t, door, { userName: 'ada' }));
  assert.equal(unknown.code, 'key-unknown');
  await door.untilClosed();
  assert.equal(door.connections, 2);
  assert.equal(door.receivedBytes, 0);
});

for (const [origin, isAsked] of [
  ['discovered', true],
  ['link', true],
  ['typed', false],
  ['configured', false],
] as const) {
  test(`a certificate of a trusted authority is ${isAsked ? 'still asked about' : 'enough'} for a name that was ${origin}`, async (t) => {
    const authority = await createAuthority();
    const certificate = await authority.sign([{ type: 'dns', value: 'localhost' }]);
    const door = await startFakeFrontDoor(t, { certificate, answer: letsIn });
    const person = createPerson(['ada', 'correct horse']);
    const connection = await connectTo(t, door, {
      origin,
      hostname: 'localhost',
      interaction: person,
      certificateAuthorities: [authority.certificate],
    });
    assert.equal(person.keys.length, isAsked ? 1 : 0);
    assert.equal(connection.isTrustedByAuthority, isAsked ? undefined : true);
  });
}

test('a trusted certificate for another name, or of an authority that is not configured, is asked about', async (t) => {
  const authority = await createAuthority();
  const certificate = await authority.sign([{ type: 'dns', value: 'bench-12.example' }]);
  const door = await startFakeFrontDoor(t, { certificate, answer: letsIn });
  const otherName = createPerson([], false);
  const trusted = { origin: 'typed', hostname: 'localhost' } as const;
  await failureOf(
    connectTo(t, door, {
      ...trusted,
      interaction: otherName,
      certificateAuthorities: [authority.certificate],
    }),
  );
  const noAuthority = createPerson([], false);
  await failureOf(connectTo(t, door, { ...trusted, interaction: noAuthority }));
  assert.deepEqual([otherName.keys.length, noAuthority.keys.length], [1, 1]);
  await door.untilClosed();
  assert.equal(door.receivedBytes, 0);
});

test('an address is checked against the addresses of a certificate, not against the name localhost', async (t) => {
  const authority = await createAuthority();
  for (const [value, isTrusted] of [
    ['127.0.0.1', true],
    ['127.0.0.2', false],
  ] as const) {
    const certificate = await authority.sign([
      { type: 'ip', value },
      { type: 'dns', value: 'localhost' },
    ]);
    const door = await startFakeFrontDoor(t, { certificate, answer: letsIn });
    const person = createPerson(['ada', 'correct horse']);
    await connectTo(t, door, {
      origin: 'typed',
      interaction: person,
      certificateAuthorities: [authority.certificate],
    });
    assert.equal(person.keys.length, isTrusted ? 0 : 1, value);
  }
});

test('a recorded pin outranks a trusted authority', async (t) => {
  const authority = await createAuthority();
  const certificate = await authority.sign([{ type: 'dns', value: 'localhost' }]);
  const door = await startFakeFrontDoor(t, { certificate, answer: letsIn });
  const { pin } = await createCertificate('another');
  const error = await failureOf(
    connectTo(t, door, {
      origin: 'typed',
      hostname: 'localhost',
      acceptedPin: pin,
      interaction: createPerson(['ada', 'correct horse']),
      certificateAuthorities: [authority.certificate],
    }),
  );
  assert.equal(error.code, 'key-changed');
  await door.untilClosed();
  assert.equal(door.receivedBytes, 0);
});

test('a server that speaks only TLS 1.2 is refused', async (t) => {
  const certificate = await createCertificate('old');
  const door = await startFakeFrontDoor(t, { certificate, tls: { maxVersion: 'TLSv1.2' } });
  const error = await failureOf(connectTo(t, door, { acceptedPin: certificate.pin }));
  assert.equal(error.code, 'not-a-daemon');
  await door.untilClosed();
  assert.equal(door.receivedBytes, 0);
});

test('no session is ever offered for resumption, and the handshake of a resumed one is refused', async (t) => {
  const door = await startFakeFrontDoor(t, { certificate: await createCertificate('lab-7'), answer: letsIn });
  const connection = await connectTo(t, door, { interaction: createPerson(['ada', 'correct horse']) });
  const signal = withDeadline(10_000, 'the requests');
  for (let index = 0; index < 4; index += 1) {
    const path = `${connection.baseUrl}/remote-kernels/v1/hello`;
    await Promise.all([1, 2, 3].map(async () => (await connection.fetch(path, { signal })).text()));
  }
  assert.ok(door.handshakes > 3, String(door.handshakes));
  assert.equal(door.resumptions, 0);

  const first = await shakeHands(door, undefined);
  const session = await new Promise<Buffer>((resolve) => {
    first.once('session', resolve);
    first.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  });
  first.destroy();
  const resumed = await shakeHands(door, session);
  t.after(() => resumed.destroy());
  assert.equal(resumed.isSessionReused(), true);
  const verdict = judgeHandshake(resumed, 'localhost', '127.0.0.1', () => undefined);
  assert.ok(verdict instanceof ConnectionError);
});

async function shakeHands(door: FakeFrontDoor, session: Buffer | undefined): Promise<TLSSocket> {
  const settings = tlsSettings({ hostname: 'localhost', certificateAuthorities: [] });
  const socket = connect({ host: '127.0.0.1', port: door.port, ...settings, session });
  await once(socket, 'secureConnect');
  return socket;
}

test('the key is checked on every socket: one that is exchanged under an open connection gets no byte', async (t) => {
  const door = await startFakeFrontDoor(t, { certificate: await createCertificate('lab-7'), answer: letsIn });
  const spoof = await startFakeFrontDoor(t, {
    certificate: await createCertificate('lab-7'),
    answer: letsIn,
  });
  let target = door.port;
  const open = new Set<Socket>();
  const middle = createServer((socket) => {
    const onward = connectTcp({ port: target, host: '127.0.0.1' });
    for (const end of [socket, onward]) {
      open.add(end);
      end.on('error', () => end.destroy());
    }
    socket.pipe(onward).pipe(socket);
  });
  middle.listen(0, '127.0.0.1');
  await once(middle, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    middle.close();
  });
  const port = (middle.address() as AddressInfo).port;
  const connection = await connectTo(t, door, { port, interaction: createPerson(['ada', 'correct horse']) });
  target = spoof.port;
  for (const socket of open) socket.destroy();
  const signal = withDeadline(10_000, 'the request');
  // The first may still fail with the socket that was open before.
  await until(async () => {
    const error: unknown = await connection
      .fetch(`${connection.baseUrl}/api/kernels`, { signal })
      .catch((reason: unknown) => reason);
    return error instanceof Error && error.cause instanceof ConnectionError ? error.cause.code : undefined;
  }, signal).then((code) => assert.equal(code, 'key-changed'));
  await new Promise<void>((resolve) => {
    const socket = new connection.WebSocket(
      `${connection.baseUrl.replace('https', 'wss')}/api/kernels/x/channels`,
    );
    socket.onclose = () => resolve();
    socket.onerror = () => undefined;
  });
  await spoof.untilClosed();
  assert.ok(spoof.connections >= 2, String(spoof.connections));
  assert.equal(spoof.receivedBytes, 0);
});
