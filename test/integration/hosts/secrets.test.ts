import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { startCutter } from '../../support/cutter';
import type { SavedHost } from '../../../src/extension/hosts/host';
import { passwordSecretKey, tokenSecretKey } from '../../../src/extension/transports/transport';
import { createCertificate } from '../transports/certificates';
import { hello, startFakeFrontDoor, wellKnown, type FakeFrontDoor } from '../transports/fake-front-door';
import { createPerson, createProfile, openWindow, untilState } from './window';

const signal = () => withDeadline(20_000, 'the connection');

/** A front door at which every password is good. The host's own spelling of a user name is in small letters. */
async function startDoor(t: TestContext, canSignOut = true): Promise<FakeFrontDoor> {
  const tokens = new Map<string, string>();
  return await startFakeFrontDoor(t, {
    certificate: await createCertificate('lab-7'),
    answer({ path, body, authorization }) {
      if (path === '/.well-known/remote-kernels') return { status: 200, body: wellKnown() };
      if (path === '/sign-in') {
        const user = (JSON.parse(body) as { username: string }).username.toLowerCase();
        const token = user.padEnd(43, 'T');
        tokens.set(`Bearer ${token}`, user);
        return { status: 200, body: { token, user, expiresAt: '2030-01-01T00:00:00Z' } };
      }
      const user = tokens.get(authorization ?? '');
      if (user === undefined) return { status: 401, body: { code: 'unauthorized', message: 'no' } };
      if (path.startsWith('/sign-out')) {
        if (!canSignOut) return { status: 500, body: { code: 'internal', message: 'no' } };
        tokens.clear();
        return { status: 204, body: {} };
      }
      return { status: 200, body: path.endsWith('/hello') ? hello(user) : { event: 'complete', total: 0 } };
    },
  });
}

function withoutDate(saved: SavedHost): SavedHost {
  return Object.fromEntries(
    Object.entries(saved).filter(([key]) => key !== 'acceptedAt'),
  ) as unknown as SavedHost;
}

const remembering = (userName: string) =>
  createPerson([userName, { value: `the password of ${userName}`, isToBeRemembered: true }]);

test('signing out says whether the host was told, and forgets the sign-in here in any case', async (t) => {
  for (const [canSignOut, isReachable] of [
    [true, true],
    [false, true],
    [true, false],
  ] as const) {
    const door = await startDoor(t, canSignOut);
    const cutter = await startCutter(t, door.port);
    const profile = createProfile();
    const { hosts } = openWindow(t, { profile, reconnectsAutomatically: false });
    const host = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: cutter.port });
    await hosts.connect(host.id, { interaction: remembering('ada'), signal: signal() });
    assert.equal(profile.secrets.values.size, 2);
    if (!isReachable) {
      await cutter.set('reset');
      hosts.wake();
      await untilState(host, 'failed');
    }
    const outcome = await hosts.signOut(host.id, { isEverywhere: false, signal: signal() });
    assert.deepEqual(outcome, { isHostTold: canSignOut && isReachable });
    assert.equal(profile.secrets.values.size, 0);
    assert.equal(host.state.kind, 'disconnected');
    assert.equal(host.isSignedOut, true);
    if (!isReachable) continue;
    await hosts.connect(host.id, { interaction: remembering('ada'), signal: signal() });
    assert.equal(host.isSignedOut, false);
  }
});

test('a password is remembered under the spelling of the host, used without asking, and forgotten with the host', async (t) => {
  const door = await startDoor(t);
  const profile = createProfile();
  const { hosts } = openWindow(t, { profile });
  const host = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: door.port });
  await hosts.connect(host.id, { interaction: remembering('Ada'), signal: signal() });
  const { pin } = door.certificate;
  assert.deepEqual([...profile.secrets.values.keys()].sort(), [
    passwordSecretKey(pin, 'ada'),
    tokenSecretKey(pin, 'ada'),
  ]);
  hosts.disconnect(host.id);
  await profile.secrets.delete(tokenSecretKey(pin, 'ada'));
  assert.deepEqual(await hosts.connect(host.id, { signal: signal() }), { kind: 'connected' });
  await hosts.forget(host.id);
  assert.equal(profile.secrets.values.size, 0);
});

test('nothing of an earlier user or an earlier key of a host stays behind', async (t) => {
  const [first, second] = [await startDoor(t), await startDoor(t)];
  const profile = createProfile();
  const { hosts } = openWindow(t, { profile });
  const host = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: first.port });
  const keptFor = () => [...profile.secrets.values.keys()].sort();
  await hosts.connect(host.id, { interaction: remembering('ada'), signal: signal() });
  hosts.disconnect(host.id);
  // The host does not know ada's sign-in any more, and bob takes her place.
  profile.secrets.values.set(tokenSecretKey(first.certificate.pin, 'ada'), 'old'.padEnd(43, 'T'));
  profile.secrets.values.delete(passwordSecretKey(first.certificate.pin, 'ada'));
  profile.secrets.values.set('another secret', 'kept');
  await hosts.connect(host.id, { interaction: remembering('bob'), signal: signal() });
  assert.deepEqual(keptFor(), [
    'another secret',
    passwordSecretKey(first.certificate.pin, 'bob'),
    tokenSecretKey(first.certificate.pin, 'bob'),
  ]);
  hosts.disconnect(host.id);
  await until(() => (profile.storage.read()[0]?.wasConnected === false ? true : undefined), signal());

  // A key that an authority vouched for has no date, and the next one takes its place without a question about a change.
  await profile.storage.write(
    profile.storage.read().map((saved) => ({
      ...withoutDate(saved),
      endpoints: [{ kind: 'tls', hostname: '127.0.0.1', port: second.port, origin: 'typed' }],
    })),
  );
  await hosts.connect(host.id, { interaction: remembering('bob'), signal: signal() });
  assert.equal(host.state.kind, 'connected');
  await until(() => (keptFor().length === 3 ? true : undefined), signal());
  assert.deepEqual(keptFor(), [
    'another secret',
    passwordSecretKey(second.certificate.pin, 'bob'),
    tokenSecretKey(second.certificate.pin, 'bob'),
  ]);
});

test('a known host that is typed with another user name is left, and entered as that user next', async (t) => {
  const door = await startDoor(t);
  const profile = createProfile();
  const { hosts } = openWindow(t, { profile });
  const place = { kind: 'tls', hostname: '127.0.0.1', port: door.port } as const;
  const host = hosts.add(place);
  await hosts.connect(host.id, { interaction: remembering('ada'), signal: signal() });
  assert.equal(hosts.add({ ...place, userName: 'ada' }), host);
  assert.equal(hosts.add(place), host);
  assert.deepEqual([host.state.kind, host.userName], ['connected', 'ada']);

  assert.equal(hosts.add({ ...place, userName: 'bob' }), host);
  assert.deepEqual([host.state.kind, host.userName], ['disconnected', 'bob']);
  await until(() => (profile.secrets.values.size === 0 ? true : undefined), signal());
  const bob = remembering('bob');
  await hosts.connect(host.id, { interaction: bob, signal: signal() });
  assert.equal(bob.prompts[0]?.suggestion, 'bob');
  assert.ok(host.state.kind === 'connected' && host.state.userName === 'bob');
});
