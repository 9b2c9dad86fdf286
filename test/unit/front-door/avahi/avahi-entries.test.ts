import assert from 'node:assert/strict';
import test from 'node:test';
import {
  isOnLoopbackOnly,
  planEntries,
  type AvahiPlan,
} from '../../../../src/daemon/front-door/avahi/avahi-entries';
import { chooseAnnouncedInterfaces } from '../../../../src/daemon/platform/network-interfaces';
import type { AnnouncementOrder } from '../../../../src/protocol/announcer';
import { link } from '../../../support/network-link';

const machine = [
  link('lo', '127.0.0.1', '::1'),
  link('eth0', '192.168.1.7', 'fd00::7', 'fe80::7'),
  link('wlan0', '10.0.0.7', '10.0.0.8', 'fe80::8'),
  link('docker0', '172.17.0.1'),
];

/** The order of a daemon that listens there. */
function orderFor(hosts: readonly string[]): AnnouncementOrder {
  const chosen = chooseAnnouncedInterfaces(hosts, machine);
  assert.ok(chosen !== undefined);
  const { interfaces, addresses, isIPv4Only } = chosen;
  return {
    name: 'lab-7',
    hostLabel: 'lab-7-012345',
    port: 7443,
    text: {},
    interfaces: [...interfaces],
    addresses: [...addresses],
    isIPv4Only,
  };
}

const places = (...list: [string, string[]][]): AvahiPlan => ({
  kind: 'places',
  hostLabel: 'lab-7-012345',
  places: list.map(([interfaceName, addresses]) => ({ interfaceName, addresses })),
});

const plans: readonly [hosts: string[], AvahiPlan][] = [
  [['0.0.0.0', '::'], { kind: 'everywhere' }],
  [['0.0.0.0'], places(['eth0', ['192.168.1.7']], ['wlan0', ['10.0.0.7', '10.0.0.8']])],
  [['::'], places(['eth0', ['fd00::7', 'fe80::7']], ['wlan0', ['fe80::8']])],
  [['192.168.1.7'], places(['eth0', ['192.168.1.7']])],
  [
    ['192.168.1.7', 'fd00::7', '10.0.0.8'],
    places(['eth0', ['192.168.1.7', 'fd00::7']], ['wlan0', ['10.0.0.8']]),
  ],
  [['FE80::7%eth0'], places(['eth0', ['fe80::7']])],
];

for (const [hosts, plan] of plans)
  test(`Avahi announces a daemon on ${hosts.join(' and ')} with exactly the addresses that it listens on`, () => {
    assert.deepEqual(planEntries(orderFor(hosts), machine), plan);
  });

test('an address that has gone since the order was made is not announced', () => {
  const order = orderFor(['192.168.1.7', '10.0.0.8']);
  assert.deepEqual(planEntries(order, machine.slice(0, 2)), places(['eth0', ['192.168.1.7']]));
});

test('only what is on loopback alone stays there', () => {
  assert.equal(isOnLoopbackOnly(orderFor(['127.0.0.1', '::1']), machine), true);
  assert.equal(isOnLoopbackOnly(orderFor(['192.168.1.7']), machine), false);
  assert.equal(isOnLoopbackOnly(orderFor(['0.0.0.0', '::']), machine), false);
  assert.equal(isOnLoopbackOnly({ ...orderFor(['192.168.1.7']), interfaces: ['gone0'] }, machine), false);
});
