import assert from 'node:assert/strict';
import test from 'node:test';
import { addressOf, mostCrowded, networksOf, sourceOf } from '../../../src/daemon/platform/network-source';

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

const networks: readonly [source: string, networks: readonly string[]][] = [
  ['192.0.2.7', ['192.0.2.7', '192.0.2.7', '192.0.2.7']],
  ['2001:db8:1:2::/64', ['2001:db8:1::/48', '2001:db8:1:0::/56', '2001:db8:1:2::/64']],
  ['2001:db8:1:abcd::/64', ['2001:db8:1::/48', '2001:db8:1:ab00::/56', '2001:db8:1:abcd::/64']],
  ['2001:db8:1:ff::/64', ['2001:db8:1::/48', '2001:db8:1:0::/56', '2001:db8:1:ff::/64']],
  ['2001:db8:1:100::/64', ['2001:db8:1::/48', '2001:db8:1:100::/56', '2001:db8:1:100::/64']],
  ['1001', ['1001', '1001', '1001']],
];

for (const [source, expected] of networks) {
  test(`${source} shares with ${expected.join(', ')}`, () => assert.deepEqual(networksOf(source), expected));
}

const household = Array.from({ length: 40 }, (_, index) => `2001:db8:1:${index.toString(16)}::/64`);
const crowds: readonly [what: string, sources: readonly string[], crowd: readonly string[]][] = [
  ['nobody', [], []],
  ['one address with more than others', ['a', 'b', 'b', 'c'], ['b', 'b']],
  ['a household beside an address with three', [...household, 'home', 'home', 'home'], [household[0] ?? '']],
  [
    'the household with more of two on one site',
    ['2001:db8:1:100::/64', '2001:db8:1:2::/64', '2001:db8:1:3::/64', '2001:db8:1:3::/64', 'home', 'home'],
    ['2001:db8:1:3::/64', '2001:db8:1:3::/64'],
  ],
];

for (const [what, sources, crowd] of crowds) {
  test(`most crowded is ${what}`, () =>
    assert.deepEqual(
      mostCrowded(sources, (source) => source),
      crowd,
    ));
}
