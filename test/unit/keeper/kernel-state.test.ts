import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialPhase, nextPhase, stateOf, type KernelEvent } from '../../../src/daemon/keeper/kernel-state';

const ready: KernelEvent = { kind: 'ready' };
const end: KernelEvent = { kind: 'end' };
const restart: KernelEvent = { kind: 'restart' };
const busy = (request: string, isControl = false): KernelEvent => ({
  kind: 'status',
  state: 'busy',
  request,
  isControl,
});
const idle = (request: string, isControl = false): KernelEvent => ({
  kind: 'status',
  state: 'idle',
  request,
  isControl,
});

const cases: readonly (readonly [string, readonly KernelEvent[], string])[] = [
  ['a kernel starts', [], 'starting'],
  ['it answers', [ready], 'idle'],
  ['its first status messages do not make it ready', [busy('a'), idle('a')], 'starting'],
  ['it works', [ready, busy('a')], 'busy'],
  ['it has done its work', [ready, busy('a'), idle('a')], 'idle'],
  ['it works on two things and has done one', [ready, busy('a'), busy('b'), idle('b')], 'busy'],
  ['it has done both', [ready, busy('a'), busy('b'), idle('b'), idle('a')], 'idle'],
  ['a request on the control channel does not make it busy', [ready, busy('a', true)], 'idle'],
  ['nor idle while it works', [ready, busy('a'), busy('c', true), idle('c', true)], 'busy'],
  ['the end of something that was not seen to begin', [ready, busy('a'), idle('x')], 'busy'],
  ['the same begin twice', [ready, busy('a'), busy('a'), idle('a')], 'idle'],
  ['a status without a parent', [ready, busy('')], 'busy'],
  ['and its end', [ready, busy(''), idle('')], 'idle'],
  [
    'a state that is none of these',
    [ready, { kind: 'status', state: 'starting', request: '', isControl: false }],
    'idle',
  ],
  ['it is restarted while it works', [ready, busy('a'), restart], 'restarting'],
  ['what the old process still says does not count', [ready, restart, busy('a'), idle('a')], 'restarting'],
  [
    'it answers after the restart, and is not busy with what was before',
    [ready, busy('a'), restart, ready],
    'idle',
  ],
  ['it dies while it works', [ready, busy('a'), end], 'dead'],
  ['it dies while it starts', [end], 'dead'],
  ['it dies while it restarts', [ready, restart, end], 'dead'],
  ['a dead kernel says nothing', [ready, end, busy('a'), idle('a'), ready], 'dead'],
  ['a dead kernel is restarted', [ready, end, restart, ready], 'idle'],
  ['an adopted kernel is busy until it answers', [{ kind: 'ready', busyWith: ['before'] }], 'busy'],
  ['and idle then', [{ kind: 'ready', busyWith: ['before'] }, idle('before')], 'idle'],
];

for (const [what, events, state] of cases) {
  test(`${what}: ${state}`, () => {
    assert.equal(stateOf(events.reduce(nextPhase, initialPhase)), state);
  });
}

test('an event that means nothing gives the same phase back', () => {
  const running = nextPhase(initialPhase, ready);
  assert.equal(nextPhase(running, idle('x')), running);
  assert.equal(nextPhase(running, busy('x', true)), running);
  const dead = nextPhase(running, end);
  assert.equal(nextPhase(dead, busy('x')), dead);
});
