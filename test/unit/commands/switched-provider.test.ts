import assert from 'node:assert/strict';
import test from 'node:test';
import { Emitter } from '../../../src/base/event';
import { createSwitchedProvider } from '../../../src/extension/commands/switched-provider';
import type { FoundHost, HostProvider } from '../../../src/extension/hosts/host-provider';

const lab: FoundHost = {
  source: 'discovered',
  name: 'lab-7',
  endpoint: { kind: 'tls', hostname: 'lab-7.local', port: 7443, origin: 'discovered' },
};

test('a provider looks for hosts only while its setting says so', () => {
  const setting = new Emitter<void>();
  const log: string[] = [];
  const create = (): HostProvider => {
    const changes = new Emitter<void>();
    let found: readonly FoundHost[] = [];
    return {
      get found() {
        return found;
      },
      onDidChange: changes.event,
      start() {
        log.push('start');
        found = [lab];
        changes.fire();
      },
      refresh: () => log.push('refresh'),
      dispose: () => log.push('dispose'),
    };
  };
  let isOn = false;
  const provider = createSwitchedProvider(create, { isOn: () => isOn, onDidChange: setting.event });
  let changes = 0;
  provider.onDidChange(() => (changes += 1));
  provider.start();
  provider.refresh();
  assert.deepEqual([log, provider.found, changes], [[], [], 0], 'nothing is looked for while it is off');
  isOn = true;
  setting.fire();
  setting.fire();
  provider.refresh();
  assert.deepEqual([log, provider.found], [['start', 'refresh'], [lab]]);
  assert.ok(changes > 0);
  isOn = false;
  setting.fire();
  assert.deepEqual([log.at(-1), provider.found], ['dispose', []]);
  isOn = true;
  setting.fire();
  provider.dispose();
  assert.deepEqual(log, ['start', 'refresh', 'dispose', 'start', 'dispose']);
});
