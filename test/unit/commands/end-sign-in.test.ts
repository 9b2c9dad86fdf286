import assert from 'node:assert/strict';
import test from 'node:test';
import { endSignIn } from '../../../src/extension/commands/hosts/end-sign-in';
import type { Notification } from '../../../src/extension/editor/notification';

const host = { id: 'h', name: 'lab-7' };

/** A host that hears of the sign-out as often as `told` says, and a person who presses the first button as long as `presses` lasts. */
function signOutWith(sample: {
  readonly told: boolean[];
  readonly presses: number;
  readonly connects?: boolean;
}) {
  const calls: string[] = [];
  const shown: Notification[] = [];
  let presses = sample.presses;
  const options = {
    hosts: {
      signOut: (id: string, { isEverywhere }: { readonly isEverywhere: boolean }) => {
        calls.push(`sign out of ${id}${isEverywhere ? ' everywhere' : ''}`);
        return Promise.resolve({ isHostTold: sample.told.shift() ?? false });
      },
    },
    connector: {
      connect: (id: string) => {
        calls.push(`connect ${id}`);
        return Promise.resolve(sample.connects ?? true);
      },
    },
    notify: async (notification: Notification) => {
      shown.push(notification);
      presses -= 1;
      if (presses >= 0) await notification.actions[0]?.run();
    },
  };
  return { options, calls, shown };
}

test('a host that was told to sign out says nothing', async () => {
  for (const isEverywhere of [false, true]) {
    const { options, calls, shown } = signOutWith({ told: [true], presses: 9 });
    await endSignIn(options, host, isEverywhere);
    assert.equal(calls.length, 1);
    assert.deepEqual(shown, []);
  }
});

test('a host that was not told to sign out everywhere is a warning, and Retry signs in first', async () => {
  const { options, calls, shown } = signOutWith({ told: [false, false, true], presses: 9 });
  await endSignIn(options, host, true);
  const once = ['sign out of h everywhere', 'connect h'];
  assert.deepEqual(calls, [...once, ...once, 'sign out of h everywhere']);
  assert.deepEqual(
    shown.map(({ severity, actions }) => [severity, actions.map(({ title }) => title)]),
    [
      ['warning', ['Retry']],
      ['warning', ['Retry']],
    ],
  );
  assert.match(shown[0]?.message ?? '', /lab-7.*other computers/);
});

test('a retry ends where the person does not sign in', async () => {
  const { options, calls, shown } = signOutWith({ told: [false], presses: 9, connects: false });
  await endSignIn(options, host, true);
  assert.deepEqual(calls, ['sign out of h everywhere', 'connect h']);
  assert.equal(shown.length, 1);
});

test('a host that was not told of one sign-out offers to end all sign-ins', async () => {
  const { options, calls, shown } = signOutWith({ told: [false, true], presses: 1 });
  await endSignIn(options, host, false);
  assert.deepEqual(calls, ['sign out of h', 'connect h', 'sign out of h everywhere']);
  assert.deepEqual(
    shown[0]?.actions.map(({ title }) => title),
    ['Sign Out Everywhere'],
  );
});
