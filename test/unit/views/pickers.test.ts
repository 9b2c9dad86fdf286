import assert from 'node:assert/strict';
import test from 'node:test';
import { parseTypedHost } from '../../../src/extension/hosts/typed-host';
import type { Host } from '../../../src/extension/hosts/host';
import { createBatch } from '../../../src/extension/views/batch';
import { folderItems } from '../../../src/extension/views/pickers/folder-items';
import { hostItems } from '../../../src/extension/views/pickers/host-items';
import { moment, now, sampleHost } from './sample-hosts';

const hosts: readonly Host[] = [
  sampleHost({
    name: 'gpu-login',
    sources: ['ssh-configuration'],
    endpoints: [{ kind: 'ssh', destination: 'gpu-login' }],
  }),
  sampleHost({ name: 'old-server' }),
  sampleHost({ name: 'lab-7', sources: ['discovered', 'saved'], isAnnounced: true }),
  sampleHost({ name: 'This machine', sources: ['this-machine'], endpoints: [{ kind: 'local' }] }),
];
const listed = (typed: string) =>
  hostItems(hosts, { text: typed, reading: parseTypedHost(typed) }, moment).map((item) =>
    item.kind === 'separator' ? `-- ${item.label}` : item.label,
  );

test('each host stands in one section: this machine, the network, saved, the ssh configuration', () => {
  assert.deepEqual(listed(''), [
    '-- This machine',
    'This machine',
    '-- On your network',
    'lab-7',
    '-- Saved',
    'old-server',
    '-- From your ssh configuration',
    'gpu-login',
    '-- ',
    'Add Host…',
  ]);
});

test('what is typed is offered when it can be a host, and not when it is one of the list', () => {
  assert.equal(listed('ada@bench-3:7500')[0], 'Connect to ada@bench-3:7500');
  assert.equal(listed('fe80::1')[0], 'Connect to fe80::1');
  assert.equal(listed('LAB-7')[0], '-- This machine');
  assert.equal(listed('not a host')[0], '-- This machine');
});

test('the folder list offers the folder, its parent, home, and a typed path', () => {
  const folders = {
    path: '/home/ada/project',
    parent: '/home/ada',
    folders: [{ name: 'data\u202e', path: '/home/ada/project/data' }],
    isTruncated: false,
  };
  const items = folderItems(folders, '/home/ada', '~/other');
  assert.deepEqual(
    items.map(({ label, step }) => `${label} → ${step.kind} ${step.path}`),
    [
      'Open ~/other → open ~/other',
      'Use This Folder → choose /home/ada/project',
      '.. → open /home/ada',
      '~ → open /home/ada',
      'data → open /home/ada/project/data',
    ],
  );
  assert.equal(folderItems(folders, undefined, 'da').length, 3);
});

test('many changes are drawn once, and no two drawings are closer than the interval', () => {
  let time = now;
  let drawn = 0;
  const timers: { at: number; call: () => void }[] = [];
  const clock = {
    now: () => time,
    schedule(timeMs: number, call: () => void) {
      const timer = { at: time + timeMs, call };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
  };
  const advance = (timeMs: number) => {
    time += timeMs;
    for (const timer of timers.filter(({ at }) => at <= time)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.call();
    }
  };
  const batch = createBatch(() => (drawn += 1), 200, clock);
  for (let count = 0; count < 50; count += 1) batch.request();
  advance(99);
  assert.equal(drawn, 0);
  advance(1);
  assert.equal(drawn, 1);
  batch.request();
  advance(150);
  assert.equal(drawn, 1, 'too early after the drawing before');
  advance(50);
  assert.equal(drawn, 2);
  batch.requestAt(time + 1000);
  batch.requestAt(time + 5000);
  advance(1000);
  assert.equal(drawn, 3);
  batch.dispose();
  batch.request();
  advance(10_000);
  assert.equal(drawn, 3);
});
