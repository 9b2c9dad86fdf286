import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readListenWord } from '../../../src/daemon/configuration/serve-options';
import { parseFrontDoorEvent } from '../../../src/protocol/front-door-process';

const hosts = [
  ...['0.0.0.0', '::', '::1', '::ffff:127.0.0.1', '1:2:3:4:5:6:192.0.2.1', '1::2:192.0.2.1'],
  ...['fe80::1%eth0', 'fe80::1%eth0:1', 'fe80::1%br-0123456789ab'],
  ...['', 'lab-7', '192.0.2.1/24', 'fe80::1%', 'fe80::1%eth0\n', 'fe80::1%\u009b31m', '1::2::3'],
];

test('what can be configured to listen on, and nothing else, can be told of', () => {
  for (const host of hosts)
    assert.equal(
      parseFrontDoorEvent({ event: 'listening', port: 1, hosts: [host] }).ok,
      readListenWord(host) !== undefined,
      host,
    );
});
