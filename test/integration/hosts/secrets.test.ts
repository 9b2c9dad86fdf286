import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { withDeadline } from '../../../src/base/time';
import { startCutter } from '../../support/cutter';
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
  }
});
