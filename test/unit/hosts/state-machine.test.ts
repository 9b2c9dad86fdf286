import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostState } from '../../../src/extension/hosts/host-state';
import { next, type HostEvent } from '../../../src/extension/hosts/state-machine';
import {
  ConnectionError,
  connectionErrors,
  type ConnectionErrorCode,
} from '../../../src/extension/transports/transport';
import { parsePin } from '../../../src/protocol/pin';
import { expectParsed } from '../../../src/base/parse';

const pin = expectParsed(parsePin('ab'.repeat(32)));
const error = (code: ConnectionErrorCode) =>
  new ConnectionError(code, code, code === 'key-changed' ? { presentedPin: pin } : {});
const cause = error('lost');

const states = {
  disconnected: { kind: 'disconnected' },
  connecting: { kind: 'connecting', step: 'reaching', since: 1 },
  connected: { kind: 'connected', userName: 'ada', address: 'a:1', since: 1 },
  waiting: { kind: 'waiting', cause, attempt: 2, retryAt: 9, lostAt: 1 },
  reconnecting: { kind: 'reconnecting', cause, attempt: 2, step: 'reaching', lostAt: 1 },
  'sign-in-needed': { kind: 'sign-in-needed', cause: error('sign-in-needed'), since: 1 },
  'key-changed': { kind: 'key-changed', presented: pin, since: 1 },
  failed: { kind: 'failed', cause: error('host-older'), since: 1 },
} as const satisfies { [K in HostState['kind']]: Extract<HostState, { kind: K }> };

const events = {
  'connect by a person': { kind: 'connect-started', at: 5, isAutomatic: false },
  'connect at start': { kind: 'connect-started', at: 5, isAutomatic: true },
  step: { kind: 'step', step: 'signing-in' },
  connected: { kind: 'connected', at: 5, userName: 'ada', address: 'a:1' },
  'silent attempt': { kind: 'attempt-failed', at: 5, cause: error('no-answer'), retryAt: 7 },
  'attempt that needs a person': {
    kind: 'attempt-failed',
    at: 5,
    cause: error('sign-in-needed'),
    retryAt: 7,
  },
  'attempt that a person dismissed': { kind: 'attempt-failed', at: 5, cause: error('cancelled'), retryAt: 7 },
  'attempt with another key': { kind: 'attempt-failed', at: 5, cause: error('key-changed'), retryAt: 7 },
  'attempt with no way out': { kind: 'attempt-failed', at: 5, cause: error('host-older'), retryAt: 7 },
  'attempt where something else answers': {
    kind: 'attempt-failed',
    at: 5,
    cause: error('not-a-daemon'),
    retryAt: 7,
  },
  lost: { kind: 'lost', at: 5, cause, retryAt: 7 },
  'lost for good': { kind: 'lost', at: 5, cause },
  'lost with the sign-in': { kind: 'lost', at: 5, cause: error('sign-in-needed'), retryAt: 7 },
  'retry started': { kind: 'retry-started' },
  disconnected: { kind: 'disconnected' },
  'key replaced': { kind: 'key-replaced' },
} as const satisfies Record<string, HostEvent>;

/** `-`: the event does not apply, and the state stays the same object. */
const table: Readonly<
  Record<keyof typeof events, Readonly<Record<HostState['kind'], HostState['kind'] | '-'>>>
> = {
  'connect by a person': row(
    'connecting',
    '-',
    '-',
    'reconnecting',
    '-',
    'connecting',
    'connecting',
    'connecting',
  ),
  'connect at start': row(
    'reconnecting',
    '-',
    '-',
    'reconnecting',
    '-',
    'reconnecting',
    'reconnecting',
    'reconnecting',
  ),
  step: row('-', 'connecting', '-', '-', 'reconnecting', '-', '-', '-'),
  connected: row('-', 'connected', '-', '-', 'connected', '-', '-', '-'),
  'silent attempt': row('-', 'failed', '-', '-', 'waiting', '-', '-', '-'),
  'attempt that needs a person': row('-', 'sign-in-needed', '-', '-', 'sign-in-needed', '-', '-', '-'),
  'attempt that a person dismissed': row('-', 'disconnected', '-', '-', 'disconnected', '-', '-', '-'),
  'attempt with another key': row('-', 'key-changed', '-', '-', 'key-changed', '-', '-', '-'),
  'attempt with no way out': row('-', 'failed', '-', '-', 'failed', '-', '-', '-'),
  'attempt where something else answers': row('-', 'failed', '-', '-', 'waiting', '-', '-', '-'),
  lost: row('-', '-', 'waiting', '-', '-', '-', '-', '-'),
  'lost for good': row('-', '-', 'failed', '-', '-', '-', '-', '-'),
  'lost with the sign-in': row('-', '-', 'sign-in-needed', '-', '-', '-', '-', '-'),
  'retry started': row('-', '-', '-', 'reconnecting', '-', '-', '-', '-'),
  disconnected: row(
    '-',
    'disconnected',
    'disconnected',
    'disconnected',
    'disconnected',
    'disconnected',
    'disconnected',
    'disconnected',
  ),
  'key replaced': row('-', '-', '-', '-', '-', '-', 'disconnected', '-'),
};

type Cell = HostState['kind'] | '-';
function row(
  ...cells: readonly [Cell, Cell, Cell, Cell, Cell, Cell, Cell, Cell]
): Record<HostState['kind'], Cell> {
  const [disconnected, connecting, connected, waiting, reconnecting, signIn, keyChanged, failed] = cells;
  return {
    ...{ disconnected, connecting, connected, waiting, reconnecting, failed },
    'sign-in-needed': signIn,
    'key-changed': keyChanged,
  };
}

for (const [eventName, cells] of Object.entries(table)) {
  for (const [kind, expected] of Object.entries(cells)) {
    test(`${kind}, ${eventName}: ${expected === '-' ? 'nothing changes' : expected}`, () => {
      const before = states[kind as HostState['kind']];
      const after = next(before, events[eventName as keyof typeof events]);
      if (expected === '-') assert.equal(after, before);
      else assert.equal(after.kind, expected);
    });
  }
}

test('waiting keeps when the connection went and counts the attempts', () => {
  const lost = next(states.connected, events.lost);
  assert.deepEqual(lost, { kind: 'waiting', cause, attempt: 1, retryAt: 7, lostAt: 5 });
  const retrying = next(lost, events['retry started']);
  const again = next(retrying, { ...events['silent attempt'], at: 20, retryAt: 24 });
  assert.ok(again.kind === 'waiting');
  assert.deepEqual([again.attempt, again.retryAt, again.lostAt, again.cause.code], [2, 24, 5, 'no-answer']);
});

test('every reason has an end while connecting, and none of them leaves the attempt under way', () => {
  for (const code of Object.keys(connectionErrors) as ConnectionErrorCode[]) {
    for (const state of [states.connecting, states.reconnecting]) {
      const after = next(state, { kind: 'attempt-failed', at: 5, cause: error(code), retryAt: 7 });
      assert.ok(after.kind !== 'connecting' && after.kind !== 'reconnecting', code);
    }
  }
});

test('without a time for the next attempt one that fails is the last', () => {
  const failure = { kind: 'attempt-failed', at: 5, cause: error('no-answer') } as const;
  assert.deepEqual(next(states.reconnecting, failure), { kind: 'failed', cause: failure.cause, since: 5 });
  assert.equal(next(states.reconnecting, { ...failure, retryAt: 7 }).kind, 'waiting');
});
