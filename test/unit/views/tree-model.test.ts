import assert from 'node:assert/strict';
import test from 'node:test';
import type { Host } from '../../../src/extension/hosts/host';
import {
  nextOrder,
  orderIntervalMs,
  sortHosts,
  type ShownOrder,
} from '../../../src/extension/views/tree/host-order';
import { nextTickMs } from '../../../src/extension/views/tree/next-tick';
import type { TreeRow } from '../../../src/extension/views/tree/row';
import { changedRows } from '../../../src/extension/views/tree/tree-difference';
import { isInTree, treeRows } from '../../../src/extension/views/tree/tree-model';
import { visibleEnvironments } from '../../../src/extension/views/visible-environments';
import { ConnectionError } from '../../../src/extension/transports/transport';
import {
  bareEnvironment,
  connected,
  moment,
  now,
  sampleEnvironment,
  sampleHost,
  sampleKernel,
  waiting,
} from './sample-hosts';

const rowsOf = (hosts: readonly Host[], at = now) =>
  treeRows(hosts, {
    moment: { ...moment, now: at },
    hiddenEnvironments: [],
    isPinned: () => false,
    describeError: () => 'it does not answer',
    notebookPathOf: () => undefined,
  });

const labels = (rows: readonly TreeRow[]) => rows.map(({ label, description }) => `${label}|${description}`);

test('a connected host shows its environments and kernels in groups with their counts', () => {
  const [host] = rowsOf([
    sampleHost({
      state: connected,
      environments: [sampleEnvironment(), bareEnvironment()],
      kernels: [sampleKernel()],
    }),
  ]);
  assert.deepEqual(labels(host?.children ?? []), ['Environments|2', 'Kernels|1']);
  assert.deepEqual(labels(host?.children[1]?.children ?? []), [
    'training.ipynb|analysis · busy for 2 h · 3.1 GB',
  ]);
});

test('a host that is not connected has nothing below it, and one that is lost keeps what it told', () => {
  const [left, lost] = rowsOf([
    sampleHost({ environments: [sampleEnvironment()] }),
    sampleHost({ id: 'b', state: waiting, environments: [sampleEnvironment()], kernels: [sampleKernel()] }),
  ]);
  assert.equal(left?.expansion, 'none');
  assert.deepEqual(labels(lost?.children ?? []), ['Environments|1', 'Kernels|1']);
  assert.equal(lost?.children[0]?.children[0]?.contextValue, 'environment unpinned');
});

test('an empty list says that it loads only after 300 ms, and that it is empty only when the host said so', () => {
  const host = (since: number, freshness: 'loading' | 'current') =>
    sampleHost({ state: { ...connected, since }, freshness });
  const notices = (host: Host) =>
    (rowsOf([host])[0]?.children ?? []).flatMap((group) => labels(group.children));
  assert.deepEqual(notices(host(now - 200, 'loading')), []);
  assert.deepEqual(notices(host(now - 300, 'loading')), ['Reading environments|', 'Reading kernels|']);
  assert.deepEqual(notices(host(now - 300, 'current')), [
    'No environments were found.|',
    'No kernels are running.|',
  ]);
});

test('this machine and the ssh configuration come into the tree once they were used', () => {
  assert.equal(isInTree(sampleHost({ sources: ['this-machine'], endpoints: [{ kind: 'local' }] })), false);
  assert.equal(isInTree(sampleHost({ sources: ['ssh-configuration'] })), false);
  assert.equal(isInTree(sampleHost({ sources: ['this-machine'], state: connected })), true);
  assert.equal(isInTree(sampleHost({ sources: ['discovered'], isAnnounced: true })), true);
  assert.equal(isInTree(sampleHost({ sources: ['saved'] })), true);
});

test('hosts are sorted by how they stand, then by name as people count', () => {
  const cause = new ConnectionError('lost', '');
  const hosts = [
    sampleHost({ name: 'saved' }),
    sampleHost({ name: 'lab-10', isAnnounced: true }),
    sampleHost({ name: 'lab-9', isAnnounced: true }),
    sampleHost({ name: 'trouble', state: { kind: 'failed', cause, since: now } }),
    sampleHost({ name: 'coming', state: { kind: 'connecting', step: 'reaching', since: now } }),
    sampleHost({ name: 'here', state: connected }),
  ];
  assert.deepEqual(sortHosts(hosts), ['here', 'coming', 'trouble', 'lab-9', 'lab-10', 'saved']);
});

test('rows change places at most once in five seconds; meanwhile rows that come stand at the end', () => {
  const start: ShownOrder = { ids: [], changedAt: Number.NEGATIVE_INFINITY };
  const first = nextOrder(start, ['a', 'b'], now);
  assert.deepEqual(first.ids, ['a', 'b']);
  const moved = nextOrder(first, ['b', 'a'], now);
  assert.deepEqual(moved, { ids: ['b', 'a'], changedAt: now });
  const held = nextOrder(moved, ['c', 'a', 'b'], now + 1000);
  assert.deepEqual(held, { ids: ['b', 'a', 'c'], changedAt: now, recheckAt: now + orderIntervalMs });
  const gone = nextOrder(held, ['c', 'b'], now + 2000);
  assert.deepEqual(gone.ids, ['b', 'c']);
  assert.deepEqual(nextOrder(gone, ['c', 'b'], now + orderIntervalMs), {
    ids: ['c', 'b'],
    changedAt: now + orderIntervalMs,
  });
});

test('only what changed is drawn again', () => {
  const host = (kernels: readonly ReturnType<typeof sampleKernel>[]) =>
    sampleHost({ state: connected, environments: [sampleEnvironment()], kernels });
  const before = rowsOf([host([sampleKernel()])]);
  assert.deepEqual(changedRows(before, rowsOf([host([sampleKernel()])])), []);
  assert.deepEqual(changedRows(before, rowsOf([host([sampleKernel({ memoryBytes: 5_000_000_000 })])])), [
    `kernel/lab-7/${sampleKernel().id}`,
  ]);
  const another = rowsOf([host([sampleKernel(), sampleKernel({ id: 'other' })])]);
  assert.deepEqual(
    changedRows(before, another),
    ['host/lab-7'],
    'its sentence says how many kernels there are',
  );
  assert.equal(changedRows(before, rowsOf([])), 'root');
});

test('of 300 environments only what has changed is drawn again', () => {
  const environments = Array.from({ length: 300 }, (_, index) =>
    sampleEnvironment({ id: index.toString(16).padStart(16, '0'), name: `environment-${index}` }),
  );
  const hostsWith = (listed: typeof environments) => [sampleHost({ state: connected, environments: listed })];
  const rows = rowsOf(hostsWith(environments));
  assert.deepEqual(changedRows(rows, rowsOf(hostsWith(environments))), []);
  const [first, ...others] = environments;
  assert.ok(first !== undefined);
  const changed = changedRows(rows, rowsOf(hostsWith([{ ...first, name: 'renamed' }, ...others])));
  assert.ok(Array.isArray(changed) && changed.length > 0 && changed.length < 4, String(changed));
});

test('the tree is made again when its words change by time alone', () => {
  assert.equal(nextTickMs([sampleHost({ state: waiting })], now), 200);
  assert.equal(
    nextTickMs([sampleHost({ state: connected, kernels: [sampleKernel({ state: 'idle' })] })], now),
    undefined,
  );
  const busyFor = (timeMs: number) =>
    sampleHost({
      state: connected,
      kernels: [sampleKernel({ stateSince: new Date(now - timeMs).toISOString() })],
    });
  assert.equal(nextTickMs([busyFor(5000)], now), 1000);
  assert.equal(nextTickMs([busyFor(90_000)], now), 30_000);
});

test('hidden environments are found by name or path, with * for anything', () => {
  const all = [
    sampleEnvironment({ name: 'base', prefix: '/opt/conda' }),
    sampleEnvironment({ name: 'py.3', prefix: '/usr/bin' }),
    sampleEnvironment({ name: 'work', prefix: '/home/ada/work' }),
  ];
  const visible = (...patterns: string[]) => visibleEnvironments(all, patterns).map(({ name }) => name);
  assert.deepEqual(visible(), ['base', 'py.3', 'work']);
  assert.deepEqual(visible('base', '/usr/*'), ['work']);
  assert.deepEqual(visible('py.*'), ['base', 'work']);
  assert.deepEqual(visible('.*'), ['base', 'py.3', 'work'], 'a dot is a dot');
});

test('a host that gets something below it is another row, so that the editor opens it', () => {
  const before = rowsOf([sampleHost()]);
  const after = rowsOf([sampleHost({ state: connected })]);
  assert.notEqual(before[0]?.id, after[0]?.id);
  assert.equal(changedRows(before, after), 'root');
  assert.equal(after[0]?.expansion, 'expanded');
});
