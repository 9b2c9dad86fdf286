import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths } from '../../../src/protocol/agent';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { runCode } from './run-code';
import { giveEnvironment, startKernel, startSystemDaemon } from './system-daemon';

const timeout = 240_000;

test(
  'a kernel and its sign-in outlive the supervisor, and an account locked meanwhile does not',
  { timeout },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    await giveEnvironment(system, 'ada');
    const daemon = await startSystemDaemon(system);
    const ada = await daemon.signedIn('ada', people.ada);
    const bob = await daemon.signedIn('bob', people.bob);
    const kernelId = await startKernel(daemon, ada.token);
    await runCode(daemon.port, ada.token, kernelId, 'kept = 42');
    const isOurs = (part: string) => async () =>
      (await system.processes()).filter(({ command }) => command.includes(`daemon.js ${part}`));
    assert.equal((await isOurs('front-door')()).length, 1);

    daemon.child.kill('SIGKILL');
    await until(
      async () => ((await isOurs('front-door')()).length === 0 ? true : undefined),
      withDeadline(30_000, 'the end of the front door without its supervisor'),
    );
    await system.expect('usermod', ['-L', 'bob']);

    const again = await startSystemDaemon(system);
    assert.equal((await runCode(again.port, ada.token, kernelId, 'print(kept)')).trim(), '42');
    assert.equal((await again.ask('GET', agentPaths.hello, bob.token)).status, 401, 'the account is locked');

    const agentPid = (await again.status()).users?.find(({ name }) => name === 'ada')?.agentPid;
    assert.ok(agentPid !== undefined);
    process.kill(agentPid, 'SIGKILL');
    await until(
      async () => ((await again.ask('GET', agentPaths.hello, ada.token)).status === 200 ? true : undefined),
      withDeadline(30_000, 'another agent'),
    );
    assert.equal((await runCode(again.port, ada.token, kernelId, 'print(kept + 1)')).trim(), '43');
  },
);

test(
  'who guesses passwords is held up, and others at the same account and elsewhere are not',
  { timeout },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    const daemon = await startSystemDaemon(system);
    const guesses = Array.from({ length: 12 }, (_, index) => index);
    const answers = await Promise.all(
      guesses.map((index) => daemon.signIn('ada', `guess ${index}`, '127.0.0.66')),
    );
    const texts = new Set(answers.filter(({ status }) => status === 401).map(({ text }) => text));
    assert.deepEqual(
      answers.filter(({ status }) => status !== 401 && status !== 429),
      [],
    );
    const held = answers.filter(({ status }) => status === 429).length;
    assert.ok(held >= 9, `${held} of 12 were held up`);
    // An account that is not there, one that is not allowed, and one with a wrong password get the same words.
    for (const name of ['nobody-here', 'root', 'daemon', 'eve']) {
      const { status, text } = await daemon.signIn(name, 'wrong', '127.0.0.67');
      assert.equal(status, 401, text);
      texts.add(text);
    }
    assert.equal(texts.size, 1, [...texts].join('\n'));
    assert.equal(
      (await daemon.signIn('ada', people.ada, '127.0.0.66')).status,
      429,
      'also with the right one',
    );
    assert.equal((await daemon.signIn('ada', people.ada)).status, 200, 'from elsewhere');
    assert.equal((await daemon.signIn('bob', people.bob, '127.0.0.66')).status, 200, 'another account');
  },
);

test('fifty people sign in at once', { timeout }, async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const daemon = await startSystemDaemon(system);
  const names = Object.keys(people) as (keyof typeof people)[];
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => {
      const name = names[index % names.length] ?? 'ada';
      return daemon.signIn(name, people[name], `127.0.1.${index + 1}`);
    }),
  );
  assert.deepEqual(
    answers.filter(({ status }) => status !== 200),
    [],
  );
  assert.equal((await daemon.status()).signIns, 50);
});
