import assert from 'node:assert/strict';
import test from 'node:test';
import { hostLabelOf, instanceNameOf } from '../../../src/daemon/front-door/announcement-order';
import { formatAnnouncement, parseAnnouncement } from '../../../src/protocol/announcement';
import { parseAnnouncementOrder } from '../../../src/protocol/announcer';

const daemonId = '0123456789abcdef0123456789abcdef';

const names: readonly [name: string, label: string, instance: string][] = [
  ['lab-7', 'lab-7-012345', 'lab-7'],
  ['Lab 7', 'lab-7-012345', 'Lab 7'],
  ['Größe & Söhne', 'grosse-sohne-012345', 'Größe & Söhne'],
  ['実験室', 'host-012345', '実験室'],
  ['--', 'host-012345', '--'],
  ['a.b.c', 'a-b-c-012345', 'a.b.c'],
  ['a\u0007b', 'a-b-012345', 'a b'],
  ['x'.repeat(63), `${'x'.repeat(40)}-012345`, 'x'.repeat(57)],
  ['ü'.repeat(31), `${'u'.repeat(31)}-012345`, 'ü'.repeat(28)],
];

for (const [name, label, instance] of names) {
  test(`"${name}" is announced as "${instance}" at ${label}.local`, () => {
    // ß has no decomposition into plain letters.
    assert.equal(hostLabelOf(name, daemonId), label.replace('grosse', 'gro-e'));
    assert.equal(instanceNameOf(name), instance);
    const text = formatAnnouncement({ id: daemonId, v: '1.0', fp: 'A'.repeat(22), name });
    const order = parseAnnouncementOrder({
      name: instanceNameOf(name),
      hostLabel: hostLabelOf(name, daemonId),
      port: 7443,
      text,
      interfaces: ['lo'],
      addresses: ['lo'],
      isIPv4Only: false,
    });
    assert.ok(order.ok);
    assert.ok(parseAnnouncement(text).ok);
    const sizeBytes = Object.entries(text).reduce(
      (sum, [key, value]) => sum + Buffer.byteLength(key + value) + 2,
      0,
    );
    assert.ok(sizeBytes < 400);
  });
}
