import assert from 'node:assert/strict';
import test from 'node:test';
import {
  chooseAnnouncedInterfaces,
  isVirtualInterface,
  listNetworkInterfaces,
} from '../../../src/daemon/platform/network-interfaces';
import { link } from '../../support/network-link';

const machine = [
  link('lo', '127.0.0.1', '::1'),
  link('eth0', '192.168.1.7', 'fd00::7', 'fe80::7'),
  link('wlan0', '10.0.0.7', 'fe80::8'),
  link('docker0', '172.17.0.1'),
  link('br-0a1b2c', '172.18.0.1'),
  link('veth12ab', 'fe80::9'),
  link('tun0', '10.8.0.2'),
  link('wg0', '10.9.0.2'),
  link('virbr0', '192.168.122.1'),
];

const choices: readonly [
  hosts: string[],
  interfaces: string[] | undefined,
  addresses: string[],
  isIPv4Only: boolean,
][] = [
  [['127.0.0.1', '::1'], ['lo'], ['127.0.0.1', '::1'], false],
  [['127.0.0.1'], ['lo'], ['127.0.0.1'], true],
  [['::1'], ['lo'], ['::1'], false],
  [['0.0.0.0', '::'], ['eth0', 'wlan0'], ['eth0', 'wlan0'], false],
  [['0.0.0.0'], ['eth0', 'wlan0'], ['eth0', 'wlan0'], true],
  [['::'], ['eth0', 'wlan0'], ['fd00::7', 'fe80::7', 'fe80::8'], false],
  [['192.168.1.7'], ['eth0'], ['192.168.1.7'], true],
  [['192.168.1.7', 'fd00::7'], ['eth0'], ['192.168.1.7', 'fd00::7'], false],
  [['FE80::7%eth0'], ['eth0'], ['fe80::7'], false],
  [['127.0.0.1', '10.0.0.7'], ['wlan0'], ['10.0.0.7'], true],
  [['172.17.0.1'], undefined, [], false],
  [['127.0.0.1', '172.17.0.1'], undefined, [], false],
  [['203.0.113.9'], undefined, [], false],
];

for (const [hosts, interfaces, addresses, isIPv4Only] of choices) {
  test(`a daemon on ${hosts.join(' and ')} is announced on ${interfaces?.join(' and ') ?? 'nothing'}`, () => {
    const chosen = chooseAnnouncedInterfaces(hosts, machine);
    assert.deepEqual(chosen, interfaces === undefined ? undefined : { interfaces, addresses, isIPv4Only });
  });
}

test('a machine with nothing but loopback announces nothing when it listens everywhere', () => {
  assert.equal(chooseAnnouncedInterfaces(['0.0.0.0', '::'], machine.slice(0, 1)), undefined);
});

for (const name of [
  'docker0',
  'br-12ab',
  'veth0',
  'virbr0',
  'tun0',
  'tap3',
  'wg0',
  'utun4',
  'tailscale0',
  'ppp0',
  'vmnet8',
])
  test(`${name} is left out`, () => assert.equal(isVirtualInterface(name), true));

for (const name of ['eth0', 'enp3s0', 'wlan0', 'wlp2s0', 'en0', 'br0', 'bond0', 'eno1', 'lo', 'usb0'])
  test(`${name} is announced on`, () => assert.equal(isVirtualInterface(name), false));

test('this machine has loopback', () => {
  const found = listNetworkInterfaces().find(({ isLoopback }) => isLoopback);
  assert.ok(found?.addresses.some(({ address, family }) => address === '127.0.0.1' && family === 4));
});
