import assert from 'node:assert/strict';
import test from 'node:test';
import { Emitter } from '../../../src/base/event';
import { createLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { followSettings } from '../../../src/extension/commands/follow-settings';
import type { Host } from '../../../src/extension/hosts/host';
import { parseTypedHost } from '../../../src/extension/hosts/typed-host';
import type { Preferences } from '../../../src/protocol/agent';
import { sampleHost } from '../views/sample-hosts';

const unset: Preferences = { searchFolders: [], restartKernelsAutomatically: false };
const restarting: Preferences = { ...unset, restartKernelsAutomatically: true };

/** A host that can be attached and keeps what it is told. */
function listeningHost(initial: Preferences) {
  const attachment = new Emitter<boolean>();
  const sample = sampleHost();
  const state = { isAttached: false, preferences: initial, reads: 0, refuses: false };
  const agent = {
    ...sample.agent,
    get isAttached() {
      return state.isAttached;
    },
    onDidChangeAttachment: attachment.event,
    readPreferences: () => {
      state.reads += 1;
      return state.refuses ? Promise.reject(new Error('lost')) : Promise.resolve(state.preferences);
    },
    writePreferences: (preferences: Preferences) => {
      state.preferences = preferences;
      return Promise.resolve();
    },
  };
  const attach = (isAttached: boolean) => {
    state.isAttached = isAttached;
    attachment.fire(isAttached);
  };
  return { host: { ...sample, agent }, state, attach };
}

/** Settings and a list of hosts that are followed until the end of the test. */
function following(t: test.TestContext, preferences: Preferences, all: readonly Host[]) {
  const hostsChanges = new Emitter<void>();
  const settingsChanges = new Emitter<void>();
  const world = { preferences, all };
  const refuse = () => Promise.reject(new Error('not asked for here'));
  const followed = followSettings({
    hosts: {
      get all() {
        return world.all;
      },
      onDidChange: hostsChanges.event,
      get: (id) => world.all.find((host) => host.id === id),
      connect: refuse,
      reconnectNow: () => undefined,
      disconnect: () => undefined,
      signOut: refuse,
      forget: refuse,
      add: () => sampleHost(),
      replaceKey: refuse,
      rediscover: () => undefined,
      wake: () => undefined,
    },
    readSettings: () => ({
      isDiscoveryEnabled: true,
      isDiscoveryOnThisMachineOnly: false,
      hosts: [],
      certificateAuthorities: [],
      connectsOnStartup: true,
      reconnectsAutomatically: true,
      hiddenEnvironments: [],
      remoteFolder: '~',
      preferences: world.preferences,
    }),
    onDidChangeSettings: settingsChanges.event,
    readTyped: parseTypedHost,
    logger: createLogger(() => undefined),
  });
  t.after(() => followed.dispose());
  return {
    set(changed: Preferences) {
      world.preferences = changed;
      settingsChanges.fire();
    },
    list(changed: readonly Host[]) {
      world.all = changed;
      hostsChanges.fire();
    },
  };
}

const settled = (isTrue: () => boolean) =>
  until(() => (isTrue() ? true : undefined), withDeadline(2_000, 'what the host is told'));

test('a host is told what is set, and nothing as long as nothing is', async (t) => {
  const lab = listeningHost(restarting);
  const settings = following(t, unset, [lab.host]);
  lab.attach(true);
  assert.equal(lab.state.reads, 0, 'another computer may have set it');
  settings.set({ ...unset, searchFolders: ['/opt/conda'] });
  await settled(() => lab.state.preferences.searchFolders.length === 1);
});

test('what is cleared while a host is away it is told when it is back', async (t) => {
  const lab = listeningHost(unset);
  const settings = following(t, unset, [lab.host]);
  lab.attach(true);
  settings.set(restarting);
  await settled(() => lab.state.preferences.restartKernelsAutomatically);
  lab.attach(false);
  settings.set(unset);
  lab.attach(true);
  await settled(() => !lab.state.preferences.restartKernelsAutomatically);
});

test('what a host could not be told it is told with its next connection', async (t) => {
  const lab = listeningHost(restarting);
  const settings = following(t, restarting, [lab.host]);
  lab.state.refuses = true;
  lab.attach(true);
  settings.set(unset);
  await settled(() => lab.state.reads === 2);
  lab.attach(false);
  lab.state.refuses = false;
  lab.attach(true);
  await settled(() => !lab.state.preferences.restartKernelsAutomatically);
});

test('a host that was forgotten and added again is told the settings', async (t) => {
  const before = listeningHost(unset);
  const settings = following(t, restarting, [before.host]);
  before.attach(true);
  await settled(() => before.state.preferences.restartKernelsAutomatically);
  const after = listeningHost(unset);
  assert.equal(after.host.id, before.host.id);
  settings.list([after.host]);
  after.attach(true);
  await settled(() => after.state.preferences.restartKernelsAutomatically);
  const { reads } = before.state;
  before.attach(true);
  assert.equal(before.state.reads, reads, 'nobody listens to the forgotten one');
});
