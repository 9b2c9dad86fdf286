import assert from 'node:assert/strict';
import test from 'node:test';
import { sourceOf } from '../../../src/daemon/front-door/source';

const sources: readonly [address: string | undefined, source: string][] = [
  ['192.168.1.7', '192.168.1.7'],
  ['::ffff:192.168.1.7', '192.168.1.7'],
  ['::FFFF:192.168.1.7', '192.168.1.7'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2:ffff::', '2001:db8:1:2::/64'],
  ['2001:db8::', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
  [undefined, 'unknown'],
];

for (const [address, source] of sources) {
  test(`${address ?? 'an address that is gone'} counts as ${source}`, () =>
    assert.equal(sourceOf(address), source));
}
