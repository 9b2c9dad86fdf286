import assert from 'node:assert/strict';
import test from 'node:test';
import { formatAddress, urlOf } from '../../../src/daemon/command-line/addresses';
import { formatStatus } from '../../../src/daemon/command-line/status';

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

test('the status lists kernels with their state, notebook and environment', () => {
  const kernels = [{ id: '0123456789abcdef', state: 'busy', name: 'a.ipynb\u202e', environment: 'analysis' }];
  const text = formatStatus({ ...status, agentPid: 7, kernels, announcedAs: 'lab 7' }, Date.now());
  assert.ok(text.includes('Kernels:      1'));
  assert.ok(text.includes('  01234567  busy        a.ipynb  (analysis)'));
  assert.ok(text.includes('as "lab 7"'));
});
