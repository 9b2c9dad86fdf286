import assert from 'node:assert/strict';
import test from 'node:test';
import { passesFilter } from '../../../src/extension/views/pickers/host-items';
import { describeEnvironment, environmentRow } from '../../../src/extension/views/tree/environment-row';
import { describeHost, hostRow } from '../../../src/extension/views/tree/host-row';
import { describeKernel, kernelRow } from '../../../src/extension/views/tree/kernel-row';
import { parsePin } from '../../../src/protocol/pin';
import { expectParsed } from '../../../src/base/parse';
import { ConnectionError, type Endpoint } from '../../../src/extension/transports/transport';
import {
  bareEnvironment,
  connected,
  moment,
  now,
  sampleEnvironment,
  sampleHost,
  sampleKernel,
  waiting,
  without,
  type SampleHost,
} from './sample-hosts';

const pin = expectParsed(parsePin('ab'.repeat(32)));
const typed: Endpoint = { kind: 'tls', hostname: '10.0.0.4', port: 7443, origin: 'typed' };
const cause = new ConnectionError('unreachable', 'ECONNREFUSED');

const hostCases: readonly (readonly [SampleHost, string])[] = [
  [{ state: connected }, 'connected as ada'],
  [{ state: connected, endpoints: [{ kind: 'local' }] }, 'connected'],
  [{ state: { kind: 'connecting', step: 'checking-key', since: now } }, 'connecting: checking its key'],
  [{ state: waiting }, 'reconnecting in 4 s'],
  [{ state: { ...waiting, retryAt: now + 27_000 } }, 'reconnecting in 30 s'],
  [{ state: { ...waiting, retryAt: now - 1 } }, 'reconnecting in 1 s'],
  [{ state: { kind: 'reconnecting', cause, attempt: 0, step: 'reaching', lostAt: now } }, 'reconnecting'],
  [{ state: { kind: 'sign-in-needed', cause, since: now } }, 'sign-in needed'],
  [{ state: { kind: 'key-changed', presented: pin, since: now } }, 'key changed: not connecting'],
  [{ state: { kind: 'failed', cause, since: now } }, 'does not answer'],
  [{ lastSeenAt: now - 86_400_000 }, 'offline, last seen yesterday'],
  [{ lastSeenAt: Date.UTC(2025, 10, 21) }, 'offline, last seen 21 November 2025'],
  [{}, 'offline'],
  [{ isAnnounced: true }, 'not connected'],
  [{ endpoints: [typed] }, 'not connected'],
  [{ endpoints: [typed], isSignedOut: true }, 'signed out'],
  [{ isSignedOut: true }, 'offline'],
  [{ state: connected, isSignedOut: true }, 'connected as ada'],
  [{ endpoints: [{ kind: 'ssh', destination: 'gpu-login' }] }, 'SSH · not connected'],
  [{ endpoints: [{ kind: 'local' }] }, 'not connected'],
];

test('a host says how it stands in the words of the interface', () => {
  assert.deepEqual(
    hostCases.map(([sample]) => describeHost(sampleHost(sample), moment)),
    hostCases.map(([, words]) => words),
  );
});

test('every connection error has words for the tree', () => {
  const host = (code: ConnectionError['code']) =>
    sampleHost({ state: { kind: 'failed', cause: new ConnectionError(code, ''), since: now } });
  const codes: ConnectionError['code'][] = [
    'refused',
    'not-a-daemon',
    'host-older',
    'daemon-missing',
    'internal',
  ];
  assert.deepEqual(
    codes.map((code) => describeHost(host(code), moment)),
    ['sign-in refused', 'no daemon there', 'daemon too old', 'no daemon', 'something went wrong'],
  );
});

test('a connected host reads as a sentence to a screen reader, and offers what can be done with it', () => {
  const host = sampleHost({ state: connected, kernels: [sampleKernel(), sampleKernel({ id: 'k2' })] });
  const row = hostRow(host, { moment, environmentCount: 14, children: [] });
  assert.equal(row.accessibilityLabel, 'lab-7, connected as ada, 14 environments, 2 kernels');
  assert.equal(row.contextValue, 'host connected disconnectable editable forgettable signedIn');
  assert.deepEqual(row.icon, { id: 'vm-active', color: 'charts.green' });
});

test('each state of a host offers its own way on', () => {
  const offers = (sample: SampleHost) =>
    hostRow(sampleHost(sample), { moment, environmentCount: 0, children: [] }).contextValue;
  assert.equal(offers({ state: waiting }), 'host disconnectable editable forgettable lost signedIn');
  const lost = new ConnectionError('lost', 'ECONNRESET');
  assert.equal(
    offers({ state: { kind: 'failed', cause: lost, since: now } }),
    'host disconnectable editable forgettable lost',
  );
  assert.equal(
    offers({ state: { kind: 'failed', cause, since: now } }),
    'host connectable editable forgettable',
  );
  assert.equal(offers({ sources: ['discovered'], isAnnounced: true }), 'host connectable');
  assert.equal(
    offers({ state: { kind: 'key-changed', presented: pin, since: now } }),
    'host editable forgettable keyChanged',
  );
  assert.equal(offers({ sources: ['this-machine'], endpoints: [{ kind: 'local' }] }), 'host connectable');
});

test('a sign-in can be ended as long as this computer may hold one, also without a connection', () => {
  const cases: readonly (readonly [SampleHost, boolean])[] = [
    [{ state: connected }, true],
    [{ state: waiting, sources: ['discovered'] }, true],
    [{ state: connected, endpoints: [{ kind: 'local' }] }, false],
    [{ userName: 'ada' }, true],
    [{ userName: 'ada', state: { kind: 'failed', cause, since: now } }, true],
    [{ userName: 'ada', sources: ['discovered'] }, false],
    [{ userName: 'ada', isSignedOut: true }, false],
    [{ userName: 'ada', endpoints: [{ kind: 'ssh', destination: 'gpu-login' }] }, false],
    [{}, false],
  ];
  for (const [sample, isOffered] of cases) {
    const host = sampleHost(sample);
    const row = hostRow(host, { moment, environmentCount: 0, children: [] });
    assert.equal(/\bsignedIn\b/.test(row.contextValue), isOffered, JSON.stringify(sample));
    assert.equal(passesFilter(host, 'signed-in'), isOffered, JSON.stringify(sample));
  }
});

test('a tooltip shows addresses and the short pin, and escapes what came from elsewhere', () => {
  const host = sampleHost({
    name: '[x](command:evil) $(trash)',
    state: connected,
    accepted: { pin, at: now },
  });
  const { tooltip } = hostRow(host, { moment, environmentCount: 0, children: [] });
  assert.match(tooltip, /Key: abab … abab, accepted today/);
  assert.match(tooltip, /Connected for: 2 h/);
  assert.doesNotMatch(tooltip, /\[x\]\(command/);
  assert.doesNotMatch(tooltip, /[^\\]\$\(/);
});

test('an environment says its kind, its Python and what runs kernels in it, or what is wrong', () => {
  const cases = [
    [sampleEnvironment(), 'conda · Python 3.11.7 · ipykernel 7.4'],
    [
      bareEnvironment({ kind: 'micromamba', pythonVersion: '3.12.1' }),
      'micromamba · Python 3.12.1 · ipykernel missing',
    ],
    [bareEnvironment({ spyderKernels: '3.1.0' }), 'conda · Python 3.11.7 · spyder-kernels 3.1.0'],
    [
      sampleEnvironment({ kind: 'venv', problem: { code: 'python-missing', message: 'no bin/python' } }),
      'venv · broken: python is gone',
    ],
    [
      sampleEnvironment({ owner: 'other', ownerName: 'bob' }),
      'conda · Python 3.11.7 · ipykernel 7.4 · belongs to bob',
    ],
    [
      { ...without(sampleEnvironment(), 'pythonVersion'), kind: 'kernelspec', language: 'R' },
      'Jupyter kernel · R',
    ],
  ] as const;
  assert.deepEqual(
    cases.map(([environment]) => describeEnvironment(environment)),
    cases.map(([, words]) => words),
  );
});

test('the row of an environment says whether a kernel can be started there', () => {
  const surroundings = { hostId: 'h', isReachable: true, isPinned: false, isChangeable: true };
  assert.equal(
    environmentRow(sampleEnvironment(), surroundings).contextValue,
    'environment runnable unpinned',
  );
  assert.equal(
    environmentRow(sampleEnvironment(), { ...surroundings, isPinned: true }).contextValue,
    'environment pinned runnable',
  );
  const bare = environmentRow(bareEnvironment(), surroundings);
  assert.equal(bare.contextValue, 'environment installable');
  const bareOfOthers = environmentRow(bareEnvironment(), { ...surroundings, isChangeable: false });
  assert.equal(bareOfOthers.contextValue, 'environment');
  assert.match(bareOfOthers.tooltip, /the administrator of this host allows only listing/);
  assert.equal(bare.icon.id, 'warning');
  assert.equal(bare.accessibilityLabel, 'torch, conda, Python 3.11.7, ipykernel missing');
  const broken = environmentRow(
    sampleEnvironment({ problem: { code: 'dangling-link', message: '' } }),
    surroundings,
  );
  assert.equal(broken.contextValue, 'environment');
  assert.equal(broken.isGreyed, true);
});

test('names of environments cannot break out of their row', () => {
  const row = environmentRow(sampleEnvironment({ name: 'a\nb\u202ec' }), {
    hostId: 'h',
    isReachable: true,
    isPinned: false,
    isChangeable: true,
  });
  assert.equal(row.label, 'a␤bc');
});

test('a kernel says its environment, how long it is in its state, and its memory', () => {
  const idleAt = (at: number) => ({ state: 'idle', stateSince: new Date(at).toISOString() }) as const;
  const cases = [
    [sampleKernel(), 'analysis · busy for 2 h · 3.1 GB'],
    [
      sampleKernel({ ...idleAt(Date.UTC(2026, 2, 3, 9, 12)), memoryBytes: 90_000_000 }),
      'analysis · idle since 09:12 · 90 MB',
    ],
    [sampleKernel(idleAt(Date.UTC(2026, 2, 2, 9, 12))), 'analysis · idle since yesterday 09:12 · 3.1 GB'],
    [sampleKernel({ stateSince: new Date(now - 400).toISOString() }), 'analysis · busy · 3.1 GB'],
    [
      sampleKernel({ state: 'dead', exit: { signal: 'SIGKILL', at: new Date(now).toISOString() } }),
      'analysis · ended (killed by SIGKILL)',
    ],
    [sampleKernel({ state: 'dead' }), 'analysis · ended (exit code unknown)'],
  ] as const;
  assert.deepEqual(
    cases.map(([kernel]) => describeKernel(kernel, moment, true)),
    cases.map(([, words]) => words),
  );
  assert.equal(describeKernel(sampleKernel(), moment, false), 'analysis · state unknown until connected');
});

test('a kernel without a notebook is called by its id, and verbs are offered only while the host is there', () => {
  const nameless = without(sampleKernel(), 'session');
  const here = kernelRow(nameless, { hostId: 'h', isReachable: true, moment });
  assert.equal(here.label, 'Kernel 4f2a91');
  assert.equal(here.contextValue, 'kernel alive reachable');
  const away = kernelRow(nameless, { hostId: 'h', isReachable: false, moment });
  assert.equal(away.contextValue, 'kernel');
  assert.equal(away.isGreyed, true);
});
