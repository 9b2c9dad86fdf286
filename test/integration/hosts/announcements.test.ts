import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { getResponder } from '@homebridge/ciao';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import type { FoundHost, HostProvider } from '../../../src/extension/hosts/host-provider';
import { createMdnsProvider } from '../../../src/extension/hosts/providers/mdns';
import { createSshConfigurationProvider } from '../../../src/extension/hosts/providers/ssh-configuration';
import { formatAnnouncement } from '../../../src/protocol/announcement';
import { temporaryFolder } from '../../support/temporary-folder';

const signal = () => withDeadline(20_000, 'the announcement');

function announce(t: TestContext, name: string, text: { id: string; name: string }, port: number) {
  const responder = getResponder({ interface: ['lo'] });
  t.after(() => responder.shutdown());
  const service = responder.createService({
    name,
    type: 'remote-kernels',
    port,
    hostname: `test-${randomUUID().slice(0, 8)}`,
    txt: formatAnnouncement({ v: '1.0', fp: 'f'.repeat(22), ...text }),
  });
  return { responder, service };
}

function browse(t: TestContext): HostProvider {
  const provider = createMdnsProvider({ logger: silentLogger, loopbackOnly: true });
  t.after(() => provider.dispose());
  provider.start();
  return provider;
}

function untilFound(provider: HostProvider, id: string, fits: (found: FoundHost) => boolean = () => true) {
  return until(() => provider.found.find((found) => found.claimed?.daemonId === id && fits(found)), signal());
}

test('a host is found on loopback with its addresses, its change of name is seen, and its goodbye', async (t) => {
  const id = randomUUID().replaceAll('-', '');
  const provider = browse(t);
  const { service } = announce(t, `lab ${id.slice(0, 4)}`, { id, name: 'Prüfstand 7' }, 7443);
  await service.advertise();
  const found = await untilFound(provider, id);
  assert.equal(found.name, 'Prüfstand 7');
  assert.ok(found.endpoint.kind === 'tls');
  assert.deepEqual([found.endpoint.port, found.endpoint.origin], [7443, 'discovered']);
  assert.match(found.endpoint.hostname, /^test-[0-9a-f]{8}\.local$/);
  assert.deepEqual(found.endpoint.addresses, ['127.0.0.1', '::1']);
  service.updateTxt(formatAnnouncement({ id, v: '1.0', fp: 'f'.repeat(22), name: 'Prüfstand 8' }));
  await untilFound(provider, id, ({ name: shown }) => shown === 'Prüfstand 8');
  await service.end();
  await until(
    () => (provider.found.some(({ claimed }) => claimed?.daemonId === id) ? undefined : true),
    signal(),
  );
});

test('one that was announced before anybody browsed is found, too', async (t) => {
  const id = randomUUID().replaceAll('-', '');
  const { service } = announce(t, `early ${id.slice(0, 4)}`, { id, name: 'early' }, 1234);
  await service.advertise();
  const provider = browse(t);
  await untilFound(provider, id);
});

test('a goodbye is heard also between a question and its answer', async (t) => {
  const id = randomUUID().replaceAll('-', '');
  const provider = browse(t);
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.setMulticastInterface('127.0.0.1');
  const send = (packet: Buffer) =>
    new Promise<void>((resolve) => socket.send(packet, 5353, '224.0.0.251', () => resolve()));
  const type = nameOf('_remote-kernels', '_tcp', 'local');
  const place = Buffer.concat([Buffer.from([0, 0, 0, 0, 0x1d, 0x13]), nameOf('brief', 'local')]);
  const present = (name: string, daemonId: string) => {
    const instance = Buffer.concat([label(name), type]);
    const words = formatAnnouncement({ id: daemonId, v: '1.0', fp: 'f'.repeat(22), name });
    const text = Buffer.concat(Object.entries(words).map(([key, value]) => label(`${key}=${value}`)));
    return answer(record(type, 12, instance), record(instance, 33, place), record(instance, 16, text));
  };
  const isFound = (daemonId: string) => provider.found.some(({ claimed }) => claimed?.daemonId === daemonId);
  await until(async () => {
    await send(present('brief', id));
    return isFound(id) ? true : undefined;
  }, signal());
  // Once a later packet has arrived none of these is under way any more.
  const laterId = randomUUID().replaceAll('-', '');
  await send(present('later', laterId));
  await until(() => (isFound(laterId) ? true : undefined), signal());
  // Nobody answers this question, so that nothing else can tell that the host has gone.
  provider.refresh();
  await send(answer(record(type, 12, Buffer.concat([label('brief'), type]), 0)));
  await until(() => (isFound(id) ? undefined : true), signal());
  assert.ok(isFound(laterId), 'nobody said goodbye for this one');
});

test('packets that are no mDNS, or lie in every field, end nothing', async (t) => {
  const provider = browse(t);
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.setMulticastInterface('127.0.0.1');
  const id = randomUUID().replaceAll('-', '');
  const { service } = announce(t, `calm ${id.slice(0, 4)}`, { id, name: 'calm' }, 4321);
  const send = (packet: Buffer) =>
    new Promise<void>((resolve) => socket.send(packet, 5353, '224.0.0.251', () => resolve()));
  for (const packet of hostilePackets()) await send(packet);
  await service.advertise();
  await untilFound(provider, id);
  assert.ok(provider.found.every(({ endpoint }) => endpoint.kind === 'tls' && endpoint.port > 0));
});

/** Answers (RFC 1035 §4.1) whose records are cut, loop, or say nothing that makes sense. */
function hostilePackets(): Buffer[] {
  const type = nameOf('_remote-kernels', '_tcp', 'local');
  const instance = Buffer.concat([Buffer.from([4]), Buffer.from('evil'), type]);
  const ptr = record(type, 12, instance);
  const packets = [
    Buffer.alloc(0),
    Buffer.alloc(12),
    Buffer.from('garbage'),
    Buffer.alloc(9000, 0xff),
    answer(ptr),
    answer(ptr, record(instance, 33, Buffer.alloc(2))),
    answer(ptr, record(instance, 33, Buffer.concat([Buffer.alloc(6), Buffer.from([0])]))),
    answer(ptr, record(instance, 16, Buffer.from([200, 1, 2]))),
    answer(record(type, 12, Buffer.from([0xc0, 0x0c]))),
    answer(record(Buffer.from([0xc0, 0x0c]), 12, Buffer.from([0xc0, 0x0c]))),
    answer(record(type, 12, Buffer.from([0]))),
  ];
  for (let seed = 1; seed <= 300; seed += 1) {
    const packet = Buffer.from(answer(ptr, record(instance, 16, Buffer.from('\x04id=1'))));
    packet[(seed * 7919) % packet.length] = (seed * 104_729) % 256;
    packets.push(packet);
  }
  return packets;
}

function label(text: string): Buffer {
  return Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
}

function nameOf(...labels: string[]): Buffer {
  return Buffer.concat([...labels.map(label), Buffer.from([0])]);
}

function record(owner: Buffer, type: number, data: Buffer, ttlSeconds = 120): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttlSeconds, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, head, data]);
}

function answer(...records: Buffer[]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x8400, 2);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, ...records]);
}

test('hosts of the ssh configuration are listed, and a file that is put in its place is read again', async (t) => {
  const homeFolder = await temporaryFolder(t);
  await mkdir(join(homeFolder, '.ssh'));
  await writeFile(join(homeFolder, '.ssh', 'config'), 'Host one\n');
  const provider = createSshConfigurationProvider({ homeFolder, logger: silentLogger });
  t.after(() => provider.dispose());
  provider.start();
  const names = () => provider.found.map(({ name: alias }) => alias).join();
  await until(() => (names() === 'one' ? true : undefined), signal());
  assert.deepEqual(provider.found[0]?.endpoint, { kind: 'ssh', destination: 'one' });
  const draft = join(homeFolder, '.ssh', 'draft');
  await writeFile(draft, 'Host one two\n');
  await rename(draft, join(homeFolder, '.ssh', 'config'));
  await until(() => (names() === 'one,two' ? true : undefined), signal());
});
