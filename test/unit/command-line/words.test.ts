import assert from 'node:assert/strict';
import test from 'node:test';
import { formatAddress, urlOf } from '../../../src/daemon/command-line/addresses';
import { formatStatus } from '../../../src/daemon/command-line/status-words';

test('addresses are written as in a browser', () => {
  assert.equal(formatAddress('192.168.1.7', 7443), '192.168.1.7:7443');
  assert.equal(formatAddress('fd00::2', 7443), '[fd00::2]:7443');
});

const urls: readonly [hosts: readonly string[], url: string][] = [
  [['127.0.0.1', '::1'], 'https://127.0.0.1:7443'],
  [['0.0.0.0', '::'], 'https://127.0.0.1:7443'],
  [['::'], 'https://[::1]:7443'],
  [['192.168.1.7'], 'https://192.168.1.7:7443'],
];

for (const [hosts, url] of urls) {
  test(`a client on this machine reaches a daemon on ${hosts.join(' and ')} at ${url}`, () =>
    assert.equal(urlOf(hosts, 7443), url));
}

const status = {
  version: '0.1.0',
  name: 'lab\n7',
  daemonId: 'd',
  pid: 42,
  startedAt: '2026-01-01T00:00:00.000Z',
  url: 'https://127.0.0.1:7443',
  addresses: ['127.0.0.1:7443', '[::1]:7443'],
  pin: 'ab12'.repeat(16),
  connections: 3,
  signedInConnections: 2,
  signIns: 1,
};

test('the status is one subject a line, and text from elsewhere cannot add lines', () => {
  const text = formatStatus(status, Date.parse('2026-01-01T02:00:00.000Z'));
  assert.ok(text.includes('Name:         lab␤7\n'));
  assert.ok(text.includes('for 2 h, process 42'));
  assert.ok(text.includes('Announced:    no'));
  assert.ok(text.includes('remote-kernels pair'));
  assert.ok(text.includes('Agent:        not started'));
  assert.equal(text.split('\n').length, 12);
});

test('no word of a front door steers the terminal of who asks for the status', () => {
  const hostile = '\u001b[2J\u009b1;1H\r\n\u202e';
  const said = {
    addresses: [`127.0.0.1${hostile}:7443`],
    placeProblem: hostile,
    announcedAs: hostile,
  };
  const text = formatStatus({ ...status, ...said }, Date.now());
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});

const announcements: readonly [Partial<Parameters<typeof formatStatus>[0]>, string][] = [
  [{}, 'no'],
  [{ announcementProblem: 'there is no\nway' }, 'no: there is no␤way; it is tried again'],
  [{ announcedAs: 'lab 7' }, 'as "lab 7"'],
  [{ announcedAs: 'lab 7', announcedBy: { by: 'avahi' } }, 'as "lab 7", by avahi-daemon'],
  [
    { announcedAs: 'lab\n7', announcedBy: { by: 'own-responder', because: 'avahi-daemon does not run' } },
    'as "lab␤7", by the daemon\'s own responder (avahi-daemon does not run)',
  ],
];

for (const [known, words] of announcements)
  test(`the status says of the announcement: ${words}`, () =>
    assert.ok(formatStatus({ ...status, ...known }, Date.now()).includes(`\nAnnounced:    ${words}\n`)));

test('the status says why the daemon is not where its configuration says', () => {
  const text = formatStatus({ ...status, placeProblem: 'port 7444 is in use. Correct\nit' }, Date.now());
  assert.ok(text.includes('\nNot moved:    port 7444 is in use. Correct␤it\n'));
});

test('the status lists kernels with their state, notebook and environment', () => {
  const kernels = [{ id: '0123456789abcdef', state: 'busy', name: 'a.ipynb\u202e', environment: 'analysis' }];
  const text = formatStatus({ ...status, agentPid: 7, kernels, announcedAs: 'lab 7' }, Date.now());
  assert.ok(text.includes('Kernels:      1'));
  assert.ok(text.includes('  01234567  busy        a.ipynb  (analysis)'));
  assert.ok(text.includes('as "lab 7"'));
});

test('root sees the users as a table, and the processes with their memory', () => {
  const users = [
    { name: 'ada', uid: 1000, signIns: 2, agentPid: 901, kernels: 2, memoryBytes: 3_100_000_000 },
    { name: 'a-long\nname', uid: 10_001, signIns: 0, kernels: 1, memoryBytes: 90_000_000 },
    { name: 'bob', uid: 1001, signIns: 1 },
  ];
  const processes = [
    { role: 'supervisor', pid: 42, memoryBytes: 61_000_000 },
    { role: 'front-door', pid: 43, memoryBytes: 52_000_000 },
    { role: 'announcement', pid: 44 },
  ] as const;
  const shown = { ...status, frontDoorPid: 43, users, processes: [...processes], isIncomplete: true };
  const text = formatStatus(shown, Date.parse('2026-01-01T02:00:00.000Z'));
  const lines = text.split('\n');
  assert.ok(lines.includes('Running:      for 2 h, process 42, 61 MB'), text);
  assert.ok(lines.includes('Front door:   process 43, 52 MB'));
  assert.ok(lines.includes('Announcing:   process 44'));
  const at = lines.indexOf('Users:        3');
  assert.deepEqual(lines.slice(at + 1, at + 5), [
    '  USER           UID  SIGN-INS  AGENT  KERNELS  MEMORY',
    '  ada           1000         2    901        2  3.1 GB',
    '  a-long␤name  10001         0      -        1   90 MB',
    '  bob           1001         1      -        -       -',
  ]);
  assert.ok(lines.some((line) => line.startsWith('Not everything that runs could be read in time')));
  assert.ok(!text.includes('Agent:'));
});
