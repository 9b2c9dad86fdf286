import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectParsed } from '../../../src/base/parse';
import type { FoundHost } from '../../../src/extension/hosts/host-provider';
import type { SavedHost } from '../../../src/extension/hosts/host';
import { mergeHosts, type HostEvidence } from '../../../src/extension/hosts/merge';
import { parsePin, pinHint, type Pin } from '../../../src/protocol/pin';

const pinOne = expectParsed(parsePin('1'.repeat(64)));
const pinTwo = expectParsed(parsePin('2'.repeat(64)));
const daemonOne = '1'.repeat(32);
const daemonTwo = '2'.repeat(32);

function announced(hostname: string, daemonId: string, pin: Pin, over: Partial<FoundHost> = {}): FoundHost {
  return {
    source: 'discovered',
    name: 'lab-7',
    endpoint: { kind: 'tls', hostname, port: 7443, origin: 'discovered', addresses: ['192.168.1.7'] },
    claimed: { daemonId, pinHint: pinHint(pin), protocol: '1.0' },
    lastSeenAt: 100,
    ...over,
  };
}

const saved: SavedHost = {
  id: 'lab7',
  name: 'lab-7',
  endpoints: [{ kind: 'tls', hostname: 'lab-7.local', port: 7443, origin: 'discovered' }],
  pin: pinOne,
  acceptedAt: 50,
  daemonId: daemonOne,
};

function merge(found: readonly FoundHost[], hosts: readonly SavedHost[] = [saved], evidence?: HostEvidence) {
  return mergeHosts({
    hasThisMachine: false,
    thisMachineName: 'This machine',
    saved: hosts,
    found,
    evidence: new Map(evidence === undefined ? [] : [['lab7', evidence]]),
  });
}

const proven: HostEvidence = { daemonId: daemonOne, pin: pinOne };

test('an announcement of the same place with the accepted key is the saved host, with its fresh addresses', () => {
  const [host, ...others] = merge([announced('LAB-7.local', daemonOne, pinOne)], [saved], proven);
  assert.deepEqual(others, []);
  assert.deepEqual([...(host?.sources ?? [])].sort(), ['discovered', 'saved']);
  assert.equal(host?.isAnnounced, true);
  assert.deepEqual(host.endpoints, [{ ...saved.endpoints[0], addresses: ['192.168.1.7'] }]);
  assert.deepEqual(host.claimedEndpoints, []);
});

test('the same name and place with another key is a host of its own', () => {
  const hosts = merge([announced('lab-7.local', daemonOne, pinTwo)], [saved], proven);
  assert.equal(hosts.length, 2);
  assert.equal(hosts[0]?.isAnnounced, false);
  assert.equal(hosts[1]?.saved, undefined);
  assert.notEqual(hosts[1]?.id, 'lab7');
});

test('the same name at another place is a host of its own unless it claims what a connection has proven', () => {
  const elsewhere = announced('lab-8.local', daemonTwo, pinTwo);
  assert.equal(merge([elsewhere], [saved], proven).length, 2);
  const moved = announced('192.168.1.9', daemonOne, pinOne);
  const [host, ...others] = merge([moved], [saved], proven);
  assert.deepEqual(others, []);
  assert.deepEqual(host?.endpoints, saved.endpoints);
  assert.deepEqual(host.claimedEndpoints, [moved.endpoint]);
});

test('a claimed id alone never merges, nor does a claimed key', () => {
  assert.equal(merge([announced('a.local', daemonOne, pinTwo)], [saved], proven).length, 2);
  assert.equal(merge([announced('a.local', daemonTwo, pinOne)], [saved], proven).length, 2);
  assert.equal(merge([announced('a.local', daemonOne, pinOne)], [saved], undefined).length, 2);
});

test('two announcements of one name with different keys are two hosts, whichever came first', () => {
  const one = announced('lab-7.local', daemonOne, pinOne);
  const other = announced('lab-7.local', daemonOne, pinTwo);
  const hosts = merge([one, other], []);
  assert.equal(hosts.length, 2);
  const ids = hosts.map(({ id }) => id).sort();
  assert.deepEqual(
    merge([other, one], [])
      .map(({ id }) => id)
      .sort(),
    ids,
  );
});

test('a host that is not announced stays when it is saved, and goes when it is not', () => {
  assert.deepEqual(
    merge([]).map(({ id, isAnnounced }) => [id, isAnnounced]),
    [['lab7', false]],
  );
  assert.deepEqual(merge([], []), []);
});

test('this machine is always there, and takes in a front door only after its agent named it', () => {
  const door = announced('this.local', daemonTwo, pinTwo);
  const list = (evidence: ReadonlyMap<string, HostEvidence>) =>
    mergeHosts({ hasThisMachine: true, thisMachineName: 'This machine', saved: [], found: [door], evidence });
  assert.deepEqual(
    list(new Map()).map(({ id }) => id === 'this-machine'),
    [true, false],
  );
  const [host, ...others] = list(new Map([['this-machine', { daemonId: daemonTwo, pin: pinTwo }]]));
  assert.deepEqual(others, []);
  assert.deepEqual([...(host?.sources ?? [])].sort(), ['discovered', 'this-machine']);
  assert.deepEqual(host?.endpoints, [{ kind: 'local' }]);
});

test('hosts of the ssh configuration join saved ones by their destination', () => {
  const found: FoundHost = {
    source: 'ssh-configuration',
    name: 'gpu',
    endpoint: { kind: 'ssh', destination: 'gpu' },
  };
  const known: SavedHost = { id: 'gpu', name: 'gpu', endpoints: [{ kind: 'ssh', destination: 'gpu' }] };
  assert.equal(merge([found], [known]).length, 1);
  assert.deepEqual([...(merge([found], [])[0]?.sources ?? [])], ['ssh-configuration']);
});

for (const [raw, shown] of [
  ['lab\n7', 'lab␤7'],
  ['\u202egpj.lab', 'gpj.lab'],
  ['   ', 'evil.local'],
  ['x'.repeat(300), `${'x'.repeat(63)}…`],
] as const) {
  test(`the name ${JSON.stringify(raw.slice(0, 12))} is shown as ${JSON.stringify(shown.slice(0, 12))}`, () => {
    const [host] = merge([announced('evil.local', daemonTwo, pinTwo, { name: raw })], []);
    assert.equal(host?.name, shown);
  });
}

test('a saved host at the announced place comes before this machine, which only leads to the same daemon', () => {
  const own = announced('lab-7.local', daemonOne, pinOne);
  const listed = mergeHosts({
    hasThisMachine: true,
    thisMachineName: 'This machine',
    saved: [saved],
    found: [own],
    evidence: new Map([
      ['this-machine', proven],
      ['lab7', proven],
    ]),
  });
  assert.deepEqual(
    listed.map(({ id, isAnnounced, claimedEndpoints }) => [id, isAnnounced, claimedEndpoints.length]),
    [
      ['this-machine', false, 0],
      ['lab7', true, 0],
    ],
  );
});
