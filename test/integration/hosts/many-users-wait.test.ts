import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { connectionSentence } from '../../../src/extension/commands/connection-problems';
import { startCutter } from '../../support/cutter';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { startSystemDaemon, type SystemDaemon } from '../many-users/system-daemon';
import { patienceMs } from './many-users-stage';
import { createPerson, createProfile, openWindow, untilState } from './window';

const timeout = 600_000;

/** How often the host has asked somebody to wait. */
function timesToldToWait(daemon: SystemDaemon): number {
  return daemon.words().match(/too many attempts from .*; has to wait/g)?.length ?? 0;
}

test(
  'a host that asks to wait is understood: the time is told, and nothing is tried before a person does',
  { timeout },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    const daemon = await startSystemDaemon(system);
    const network = await startCutter(t, daemon.port);
    const { hosts } = openWindow(t);
    const { id } = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: network.port });
    const connect = (...answers: readonly string[]) => {
      const interaction = createPerson(answers);
      const signal = withDeadline(patienceMs, 'the sign-in');
      return { interaction, outcome: hosts.connect(id, { interaction, signal }) };
    };

    const guessing = connect('ada', 'one', 'two', 'three');
    const refused = await guessing.outcome;
    assert.ok(refused.kind === 'failed' && refused.error.code === 'refused', JSON.stringify(refused));
    assert.deepEqual(
      guessing.interaction.prompts.map((prompt) => prompt.refused?.attemptsLeft),
      [undefined, undefined, 2, 1],
    );

    const right = connect('ada', people.ada, 'never asked for');
    const held = await right.outcome;
    assert.ok(held.kind === 'failed' && held.error.code === 'too-many-attempts', JSON.stringify(held));
    assert.equal(right.interaction.prompts.length, 2, 'the password is not asked for again and again');
    const { retryAfterMs = 0 } = held.error.facts;
    assert.ok(retryAfterMs > 0 && retryAfterMs <= 60_000, String(retryAfterMs));
    const [, seconds] =
      /^lab-7 asks to wait (\d+) s before the next sign-in\.$/.exec(
        connectionSentence(held.error, 'lab-7'),
      ) ?? [];
    assert.ok(Number(seconds) * 1000 >= retryAfterMs && Number(seconds) * 1000 < retryAfterMs + 1000);

    const { connectionCount } = network;
    assert.equal(hosts.get(id)?.state.kind, 'failed');
    hosts.wake();
    assert.equal(hosts.get(id)?.state.kind, 'failed');
    assert.deepEqual([network.connectionCount, timesToldToWait(daemon)], [connectionCount, 1]);
  },
);

test(
  'a window that comes back by itself gives the host the time that it asks for, also when the computer wakes',
  { timeout },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    const daemon = await startSystemDaemon(system);
    const network = await startCutter(t, daemon.port);
    const profile = createProfile();
    const { hosts } = openWindow(t, { profile });
    const { id } = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: network.port });
    const interaction = createPerson(['ada', { value: people.ada, isToBeRemembered: true }]);
    const signal = withDeadline(patienceMs, 'the sign-in');
    assert.deepEqual(await hosts.connect(id, { interaction, signal }), { kind: 'connected' });
    const host = () => {
      const found = hosts.get(id);
      assert.ok(found !== undefined);
      return found;
    };

    // While the window is away its sign-in ends, and somebody at the same address guesses the password.
    await network.set('refuse');
    hosts.wake();
    await untilState(host(), 'waiting', patienceMs);
    const { token } = await daemon.signedIn('ada', people.ada);
    assert.equal((await daemon.ask('POST', '/sign-out?everywhere', token)).status, 204);
    await Promise.all(['one', 'two', 'three'].map((guess) => daemon.signIn('ada', guess)));
    assert.equal(timesToldToWait(daemon), 0);
    await network.set('pass');
    hosts.reconnectNow(id);

    const waiting = await until(
      () => {
        const { state } = host();
        return state.kind === 'waiting' && state.cause.code === 'too-many-attempts' ? state : undefined;
      },
      withDeadline(patienceMs, 'the request to wait'),
    );
    const { retryAfterMs = 0 } = waiting.cause.facts;
    assert.ok(waiting.retryAt - Date.now() > retryAfterMs - 10_000, 'not before the time is over');
    const { connectionCount } = network;
    for (let times = 0; times < 20; times += 1) hosts.wake();
    assert.deepEqual([host().state, network.connectionCount], [waiting, connectionCount]);

    await untilState(host(), 'connected', patienceMs);
    assert.ok(Date.now() >= waiting.retryAt);
    assert.equal(timesToldToWait(daemon), 1, 'asked once, and not again before the time was over');
    assert.equal(interaction.prompts.length, 2);
  },
);
