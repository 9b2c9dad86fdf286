import assert from 'node:assert/strict';
import test from 'node:test';
import { parseSavedHosts } from '../../../src/extension/editor/host-storage';
import type { SavedHost } from '../../../src/extension/hosts/host';

const saved: SavedHost = {
  id: 'a1',
  name: 'lab-7',
  endpoints: [
    { kind: 'tls', hostname: 'lab-7.local', port: 7443, origin: 'discovered', addresses: ['192.168.1.7'] },
    { kind: 'ssh', destination: 'lab-7' },
    { kind: 'local' },
    { kind: 'jupyterhub', url: 'https://hub.example' },
  ],
  pin: 'ab'.repeat(32),
  acceptedAt: 1,
  daemonId: 'c'.repeat(32),
  userName: 'ada',
  lastSeenAt: 2,
  wasConnected: true,
  isSignedOut: false,
};

test('a saved host comes back whole', () => {
  assert.deepEqual(parseSavedHosts([saved]), { ok: true, value: [saved] });
});

test('what is no list of saved hosts is refused', () => {
  for (const wrong of [
    {},
    'x',
    [{ ...saved, endpoints: [{ kind: 'carrier-pigeon' }] }],
    [{ ...saved, name: 7 }],
  ])
    assert.equal(parseSavedHosts(wrong).ok, false);
});
