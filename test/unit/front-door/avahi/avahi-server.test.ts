import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import test from 'node:test';
import { AvahiServer } from '../../../../src/daemon/front-door/avahi/avahi-server';
import { DBusConnection } from '../../../../src/daemon/front-door/avahi/d-bus-connection';
import { decodeMessage } from '../../../../src/daemon/front-door/avahi/d-bus-message';
import { socketsOf } from '../../../../src/daemon/front-door/avahi/system-bus';
import { recordedMessages } from '../../../fixtures/d-bus/recorded-messages';

const server = new AvahiServer(new DBusConnection(new Socket()), ':1.0');
const ofGroup = decodeMessage(Buffer.from(recordedMessages.groupEstablished, 'hex'));
const ofServer = decodeMessage(Buffer.from(recordedMessages.serverRegistering, 'hex'));
const group = '/Client4/EntryGroup1';

test('states of avahi-daemon and of the own group are told apart', () => {
  assert.deepEqual(server.stateIn(ofServer), { state: 1, words: 'org.freedesktop.Avahi.Success' });
  assert.deepEqual(server.stateIn(ofGroup, group), { state: 2, words: 'org.freedesktop.Avahi.Success' });
  assert.equal(server.stateIn(ofServer, group), undefined);
  assert.equal(server.stateIn(ofGroup), undefined);
  assert.equal(server.stateIn(ofGroup, '/Client4/EntryGroup2'), undefined);
});

test('a state that another program sends is not believed, since every user of the machine may send signals', () => {
  assert.equal(server.stateIn({ ...ofServer, sender: ':1.66' }), undefined);
  assert.equal(server.stateIn({ ...ofGroup, sender: ':1.66' }, group), undefined);
  assert.equal(server.stateIn({ ...ofGroup, sender: '' }, group), undefined);
});

test('a state of another shape is none', () => {
  assert.equal(server.stateIn({ ...ofServer, body: [] }), undefined);
  assert.equal(server.stateIn({ ...ofServer, body: ['2'] }), undefined);
  assert.equal(server.stateIn({ ...ofServer, member: 'Found' }), undefined);
  assert.deepEqual(server.stateIn({ ...ofServer, body: [3] }), { state: 3, words: '' });
});

const addresses: readonly [string, string[]][] = [
  ['unix:path=/run/dbus/system_bus_socket', ['/run/dbus/system_bus_socket']],
  ['unix:path=/run/a%20b,guid=0123', ['/run/a b']],
  ['unix:guid=0123,path=/run/a', ['/run/a']],
  ['unix:abstract=/tmp/x;unix:path=/run/b', ['\0/tmp/x', '/run/b']],
  ['tcp:host=127.0.0.1,port=1234', []],
  ['tcp:host=127.0.0.1,port=1234;unix:path=/run/a', ['/run/a']],
  ['launchd:env=X', []],
  ['nonsense', []],
];

for (const [address, sockets] of addresses)
  test(`the bus at ${address} has ${sockets.length} sockets`, () =>
    assert.deepEqual(socketsOf(address), sockets));
