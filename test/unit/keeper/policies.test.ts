import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadForMs, decideIdle, type IdleFacts } from '../../../src/daemon/keeper/idle-policy';
import { keptOutputBytes, OutputRing } from '../../../src/daemon/keeper/output-ring';
import {
  maxRestartsInWindow,
  noRestarts,
  windowMs,
  withRestart,
} from '../../../src/daemon/keeper/restart-policy';
import {
  routingIdOf,
  socketPrefix,
  type KernelConnection,
} from '../../../src/daemon/keeper/kernel-connection';
import { unlimitedPublishingRequest } from '../../../src/daemon/keeper/unlimited-publishing';

const hour = 3600_000;
const idleFacts: IdleFacts = {
  now: 10 * hour,
  state: 'idle',
  stateSince: 0,
  lastActivity: 0,
  lastClient: 0,
  connections: 0,
  keepIdleForMs: 2 * hour,
};

const cases: readonly (readonly [string, Partial<IdleFacts>, string])[] = [
  ['idle for longer than wanted', {}, 'end'],
  ['no policy', { keepIdleForMs: undefined }, 'nothing'],
  ['busy', { state: 'busy' }, 'nothing'],
  ['starting', { state: 'starting' }, 'nothing'],
  ['restarting', { state: 'restarting' }, 'nothing'],
  ['a client is connected', { connections: 1 }, 'nothing'],
  ['worked an hour ago', { lastActivity: 9 * hour }, `wait ${hour}`],
  ['its last client left half an hour ago', { lastClient: 9.5 * hour }, `wait ${1.5 * hour}`],
  ['became idle just now', { stateSince: 10 * hour }, `wait ${2 * hour}`],
  ['dead since now', { state: 'dead', stateSince: 10 * hour }, `wait ${deadForMs}`],
  [
    'dead for a day, with a client',
    { state: 'dead', now: 25 * hour, stateSince: hour, connections: 1 },
    'end',
  ],
  ['dead, no policy', { state: 'dead', now: 24 * hour, keepIdleForMs: undefined }, 'end'],
];

for (const [what, facts, expected] of cases) {
  test(`${what}: ${expected}`, () => {
    const decision = decideIdle({ ...idleFacts, ...facts });
    const found =
      decision === undefined ? 'nothing' : decision.kind === 'end' ? 'end' : `wait ${decision.timeMs}`;
    assert.equal(found, expected);
  });
}

test('a kernel is restarted by itself a few times within a minute, and again after it', () => {
  let history = noRestarts;
  for (let count = 0; count < maxRestartsInWindow; count += 1) {
    const next = withRestart(history, count);
    assert.ok(next !== undefined);
    history = next;
  }
  assert.equal(withRestart(history, maxRestartsInWindow), undefined);
  assert.ok(withRestart(history, windowMs + maxRestartsInWindow) !== undefined);
});

test('output is kept whole while it fits', () => {
  const ring = new OutputRing(10);
  assert.equal(ring.tail(), '');
  ring.push(Buffer.from('hello'));
  ring.push(Buffer.from('12345'));
  assert.equal(ring.tail(), 'hello12345');
});

test('of more output the end is kept, and what is missing is said', () => {
  const ring = new OutputRing(100);
  for (let index = 0; index < 1000; index += 1) ring.push(Buffer.from(`${index % 10}`));
  ring.push(Buffer.from('the end'));
  const text = ring.tail();
  assert.ok(text.length <= 100);
  assert.match(text, /^\[9\d\d bytes before this are not kept\]\n\d+the end$/);
  const missing = Number(/\d+/.exec(text)?.[0]);
  assert.equal(missing + text.length - text.indexOf('\n') - 1, ring.totalBytes);
});

test('one chunk that is larger than the ring, and one that ends exactly at its end', () => {
  const ring = new OutputRing(64);
  ring.push(Buffer.from(`${'x'.repeat(1000)}end`));
  assert.match(ring.tail(), /x+end$/);
  ring.push(Buffer.from('y'.repeat(64 * 3 - (1003 % 64))));
  assert.match(ring.tail(), /\ny+$/);
  assert.ok(Buffer.byteLength(ring.tail()) <= 64);
});

test('a cut never leaves half a character', () => {
  for (let shift = 0; shift < 4; shift += 1) {
    const ring = new OutputRing(101);
    ring.push(Buffer.from('x'.repeat(shift) + '😀é'.repeat(50)));
    assert.equal(ring.tail().includes('\ufffd'), false);
  }
});

test('the tail is as short as it is asked for', () => {
  const ring = new OutputRing();
  ring.push(Buffer.alloc(keptOutputBytes * 3, 'x'));
  assert.ok(Buffer.byteLength(ring.tail(8192)) <= 8192);
  assert.ok(Buffer.byteLength(ring.tail()) <= keptOutputBytes);
});

test('the routing id is the same for the same key, another for another, and does not show the key', () => {
  const connection = (key: string): KernelConnection => ({
    transport: 'ipc',
    ip: '/x',
    shell_port: 1,
    iopub_port: 2,
    stdin_port: 3,
    control_port: 4,
    hb_port: 5,
    key,
    signature_scheme: 'hmac-sha256',
    kernel_name: 'python3',
  });
  const id = routingIdOf(connection('a'.repeat(64)));
  assert.equal(id, routingIdOf(connection('a'.repeat(64))));
  assert.notEqual(id, routingIdOf(connection('b'.repeat(64))));
  assert.ok(id.length < 256);
  assert.equal(id.includes('aaaaaaaa'), false);
});

test('the sockets of a kernel have short names', () => {
  const order = { kernelId: '0f8fad5b-d9cb-469f-a165-70867728950e', socketFolder: '/s' };
  assert.equal(socketPrefix(order), '/s/0f8fad5bd9cb');
});

test('only kernels that are ipykernel are asked to publish without limit', () => {
  assert.ok(unlimitedPublishingRequest({ language: 'python' }) !== undefined);
  assert.ok(unlimitedPublishingRequest({ language: 'Python' }) !== undefined);
  assert.equal(unlimitedPublishingRequest({ language: 'bash' }), undefined);
});
