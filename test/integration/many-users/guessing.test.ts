import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delay, until, withDeadline } from '../../../src/base/time';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { startSystemDaemon, type SystemDaemon } from './system-daemon';

const timeout = 300_000;

/** Addresses of loopback: each is another source for every limit. */
const sources = Array.from({ length: 80 }, (_, index) => `127.0.7.${index + 1}`);

/**
 * Longer than a person would wait, and far less than the attack lasts: checks of a busy machine with two cores take a second, a slowed-down
 * account waits four seconds, and who finds the queue full comes back after two.
 */
const longestSignInMs = 45_000;

interface Tally {
  readonly refused: number;
  readonly held: number;
  readonly others: readonly number[];
  readonly words: ReadonlySet<string>;
}

/** Guesses from all sources at once, as fast as answers come, until it is stopped. Names are asked for one after another. */
function guess(daemon: SystemDaemon, nameOf: (attempt: number) => string) {
  let [refused, held, attempts] = [0, 0, 0];
  const others: number[] = [];
  const words = new Set<string>();
  const stopping = new AbortController();
  const attack = async (source: string) => {
    while (!stopping.signal.aborted) {
      attempts += 1;
      const { status, text } = await daemon.signIn(nameOf(attempts), `guess ${attempts}`, source);
      if (status === 401) {
        refused += 1;
        words.add(text);
      } else if (status === 429) {
        held += 1;
        // What it is told, in small: an attacker comes back sooner.
        await delay(500);
      } else others.push(status);
    }
  };
  // Two at a time from each source.
  const attacks = Promise.all([...sources, ...sources].map(attack));
  return {
    refused: () => refused,
    stop: async (): Promise<Tally> => {
      stopping.abort();
      await attacks;
      return { refused, held, others, words };
    },
  };
}

/** Signs in as a person does who is told to wait and comes back. Resolves with how long it took. */
async function signInTime(daemon: SystemDaemon, user: keyof typeof people, source: string): Promise<number> {
  const beganMs = performance.now();
  const signal = withDeadline(longestSignInMs, `the sign-in of ${user} from ${source}`);
  await until(
    async () => {
      const { status, text } = await daemon.signIn(user, people[user], source);
      assert.ok(status === 200 || status === 429, `${user} from ${source}: ${status} ${text}`);
      return status === 200 ? true : undefined;
    },
    signal,
    2_000,
  );
  return performance.now() - beganMs;
}

const inSeconds = (timesMs: readonly number[]) =>
  timesMs.map((timeMs) => (timeMs / 1000).toFixed(1)).join(' ');

const attacks: readonly [what: string, nameOf: (attempt: number) => string][] = [
  ['one account', () => 'ada'],
  ['many accounts', (attempt) => ['ada', 'bob', 'eve', 'root', `student${attempt % 500}`][attempt % 5] ?? ''],
];

for (const [what, nameOf] of attacks) {
  test(
    `while passwords of ${what} are guessed from ${sources.length} sources everybody still gets in`,
    { timeout },
    async (t) => {
      const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
      if (system === undefined) return;
      const daemon = await startSystemDaemon(system);
      const before = await daemon.status();
      // The first ones start the agents.
      for (const user of ['ada', 'bob', 'eve'] as const) await daemon.signedIn(user, people[user]);
      const idleMs: number[] = [];
      for (let count = 0; count < 3; count += 1) idleMs.push(await signInTime(daemon, 'ada', '127.0.0.1'));

      const attack = guess(daemon, nameOf);
      await until(() => (attack.refused() >= 40 ? true : undefined), withDeadline(90_000, 'forty guesses'));
      const times = {
        'ada from where she has signed in before': [] as number[],
        'ada from elsewhere': [] as number[],
        'bob from elsewhere': [] as number[],
      };
      for (let count = 0; count < 2; count += 1) {
        times['ada from where she has signed in before'].push(await signInTime(daemon, 'ada', '127.0.0.1'));
        times['ada from elsewhere'].push(await signInTime(daemon, 'ada', `127.0.8.${count + 1}`));
        times['bob from elsewhere'].push(await signInTime(daemon, 'bob', `127.0.9.${count + 1}`));
      }
      const { refused, held, others, words } = await attack.stop();
      t.diagnostic(`${refused} guesses were looked at and refused, ${held} were held up`);
      t.diagnostic(`seconds to sign in without an attack: ${inSeconds(idleMs)}`);
      for (const [who, timesMs] of Object.entries(times)) t.diagnostic(`${who}: ${inSeconds(timesMs)}`);
      assert.deepEqual(others, [], 'every guess was refused or held up');
      assert.ok(refused >= 40 && held > 0, `${refused} refused, ${held} held up`);
      assert.equal(words.size, 1, [...words].join('\n'));

      // No account is locked by what others did, and nothing had to be started again.
      assert.equal((await daemon.signIn('ada', people.ada, '127.0.10.1')).status, 200);
      const after = await daemon.status();
      assert.deepEqual([after.pid, after.frontDoorPid], [before.pid, before.frontDoorPid]);
    },
  );
}
