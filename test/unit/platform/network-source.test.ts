import assert from 'node:assert/strict';
import test from 'node:test';
import { addressOf, sourceOf } from '../../../src/daemon/platform/network-source';

const ends: readonly [remoteAddress: string | undefined, address: string | undefined, source?: string][] = [
  ['192.168.1.7', '192.168.1.7', '192.168.1.7'],
  ['::ffff:192.168.1.7', '192.168.1.7', '192.168.1.7'],
  ['::FFFF:192.168.1.7', '192.168.1.7', '192.168.1.7'],
  ['::1', '::1', '0:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::6', '2001:0db8:0001:0002::6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2:ffff::', '2001:db8:1:2:ffff::', '2001:db8:1:2::/64'],
  ['2001:db8::', '2001:db8::', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80::1', 'fe80:0:0:0::/64'],
  ['64:ff9b::192.0.2.33', '64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
  [undefined, undefined],
  ['', undefined],
  ['lab-7.example', undefined],
  ['2001:db8::/64', undefined],
];

for (const [remoteAddress, address, source] of ends) {
  test(`a connection of ${remoteAddress ?? 'who is gone'} is from ${address ?? 'nowhere'} and counts as ${source ?? 'nobody'}`, () => {
    assert.equal(addressOf(remoteAddress), address);
    if (address !== undefined) assert.equal(sourceOf(address), source);
  });
}

test('an address that a front door left mapped counts as the IPv4 address that it is', () => {
  assert.equal(sourceOf('::ffff:192.168.1.7'), '192.168.1.7');
});
