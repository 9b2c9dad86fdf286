import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createLogger } from '../../../src/base/logger';
import { withDeadline } from '../../../src/base/time';
import { concernOf } from '../../../src/extension/transports/certificate-end';
import { createTlsTransport } from '../../../src/extension/transports/tls/tls-transport';
import type { ConnectOptions } from '../../../src/extension/transports/transport';
import { createPerson, createProfile } from '../hosts/window';
import { createAuthority, createCertificate, type TestCertificate } from './certificates';
import { hello, startFakeFrontDoor, wellKnown, type Answer } from './fake-front-door';

const dayMs = 24 * 60 * 60 * 1000;
const names = [{ type: 'dns', value: 'localhost' }] as const;
const token = 'T'.repeat(43);

const letsIn: Answer = ({ path }) => {
  if (path === '/.well-known/remote-kernels') return { status: 200, body: wellKnown() };
  if (path === '/sign-in')
    return { status: 200, body: { token, user: 'ada', expiresAt: '2030-01-01T00:00:00Z' } };
  return { status: 200, body: hello() };
};

async function connectTo(
  t: TestContext,
  certificate: TestCertificate,
  authority: string | undefined,
  options: Partial<ConnectOptions> = {},
) {
  const door = await startFakeFrontDoor(t, { certificate, answer: letsIn });
  const lines: string[] = [];
  const transport = createTlsTransport({
    client: { clientId: '0'.repeat(32), windowId: 'w', label: 'a test' },
    certificateAuthorities: () => (authority === undefined ? [] : [authority]),
  });
  const connection = await transport.connect(
    { kind: 'tls', hostname: 'localhost', port: door.port, origin: 'typed', addresses: ['127.0.0.1'] },
    {
      hostName: 'lab-7',
      secrets: createProfile().secrets,
      interaction: createPerson(['ada', 'correct horse']),
      onStep: () => undefined,
      logger: createLogger((level, line) => lines.push(`${level} ${line}`)),
      signal: withDeadline(30_000, 'the connection'),
      ...options,
    },
  );
  t.after(() => connection.dispose());
  return { concern: concernOf(connection.certificate, Date.now()), lines: lines.join('\n') };
}

test('a certificate of an authority on which the connection rests is told of from 30 days before its end', async (t) => {
  const authority = await createAuthority();
  const soon = await connectTo(t, await authority.sign(names, 10 * dayMs), authority.certificate);
  assert.equal(soon.concern?.keepsPeopleOut, true);
  assert.equal(soon.concern.hasEnded, false);
  assert.match(
    soon.lines,
    /^warn .*ends on \d{4}-\d\d-\d\d; whoever relies on its authority is kept out then/m,
  );
  const far = await connectTo(t, await authority.sign(names, 60 * dayMs), authority.certificate);
  assert.equal(far.concern, undefined);
  assert.doesNotMatch(far.lines, /^warn /m);
});

test('a certificate that has ended does not keep out who has accepted its key, and this is told', async (t) => {
  const authority = await createAuthority();
  const ended = await authority.sign(names, -dayMs);
  const { concern, lines } = await connectTo(t, ended, authority.certificate, { acceptedPin: ended.pin });
  assert.equal(concern?.hasEnded, true);
  assert.equal(concern.keepsPeopleOut, false);
  assert.match(lines, /^warn .*ended on \d{4}-\d\d-\d\d/m);
});

test('a daemon’s own certificate, which it renews itself, is not told of before its end', async (t) => {
  const own = await createCertificate('lab-7', 2 * dayMs);
  const { concern, lines } = await connectTo(t, own, undefined, { acceptedPin: own.pin });
  assert.equal(concern, undefined);
  assert.doesNotMatch(lines, /^warn /m);
});
