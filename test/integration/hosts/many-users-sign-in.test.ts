import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { connectionSentence } from '../../../src/extension/commands/connection-problems';
import type { ConnectOutcome, Host } from '../../../src/extension/hosts/host';
import type { Interaction, Prompt } from '../../../src/extension/transports/transport';
import { hasProgram, requirePeer } from '../../support/peers';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { startSystemDaemon, type SystemDaemon } from '../many-users/system-daemon';
import { patienceMs } from './many-users-stage';
import { createProfile, openWindow, type Profile, type TestWindow } from './window';

const timeout = 600_000;
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEH';
const withSecondFactor = (options: string) =>
  plainPamFile.replace('\n', `\nauth required pam_google_authenticator.so nullok ${options}\n`);

/** What a person answers; `undefined` closes the box. A promise is a person who thinks. */
type Answer = string | { readonly value: string; readonly isToBeRemembered: true } | undefined;
type Answers = (prompt: Prompt, count: number) => Answer | Promise<Answer>;

interface Person extends Interaction {
  readonly prompts: Prompt[];
}

function personWho(answers: Answers): Person {
  const prompts: Prompt[] = [];
  return {
    prompts,
    confirmKey: () => Promise.resolve(true),
    async ask(prompt) {
      prompts.push(prompt);
      const answer = await answers(prompt, prompts.length);
      return typeof answer === 'string' ? { value: answer, isToBeRemembered: false } : answer;
    },
  };
}

/** A person who types these, one after another. */
function personWith(...answers: readonly Answer[]): Person {
  return personWho((_prompt, count) => answers[count - 1]);
}

/** What of a prompt a person sees. */
function seen({ kind, text, isSecret, refused, canRemember }: Prompt) {
  return {
    kind,
    isSecret,
    ...(text === undefined ? {} : { text }),
    ...(refused === undefined ? {} : { attemptsLeft: refused.attemptsLeft }),
    ...(canRemember ? { canRemember } : {}),
  };
}

interface Stage {
  readonly system: PrivateSystem;
  readonly daemon: SystemDaemon;
  /** Another window, by default of another installation. */
  open(profile?: Profile): { readonly window: TestWindow; readonly host: Host };
  /** The processes that ask PAM now. */
  pamPids(): Promise<readonly number[]>;
}

async function start(t: TestContext, pamFile = plainPamFile): Promise<Stage | undefined> {
  const system = await PrivateSystem.start(t, { pamFile });
  if (system === undefined) return undefined;
  const daemon = await startSystemDaemon(system);
  return {
    system,
    daemon,
    open(profile = createProfile()) {
      const window = openWindow(t, { profile });
      const saved = window.hosts.all[0];
      const host = saved ?? window.hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: daemon.port });
      return { window, host };
    },
    async pamPids() {
      const words = ` ${system.programFile} pam`;
      return (await system.processes())
        .filter(({ command }) => command.endsWith(words))
        .map(({ pid }) => pid);
    },
  };
}

function connect(
  { window, host }: { readonly window: TestWindow; readonly host: Host },
  interaction: Interaction,
  signal = withDeadline(patienceMs, 'the sign-in'),
): Promise<ConnectOutcome> {
  return window.hosts.connect(host.id, { interaction, signal });
}

const userName = { kind: 'user-name', isSecret: false };
const password = { kind: 'password', isSecret: true, canRemember: true };
const secondPassword = { ...password, attemptsLeft: 2 };

test(
  'a second factor is asked for in the words of the host, and a wrong one is refused as a wrong password is',
  { timeout },
  async (t) => {
    const isThere = hasProgram('google-authenticator') && hasProgram('oathtool');
    if (!requirePeer(t, 'libpam-google-authenticator with oathtool', isThere)) return;
    const stage = await start(t, withSecondFactor(''));
    if (stage === undefined) return;
    const { system, daemon } = stage;
    await system.write(
      '/home/ada/.google_authenticator',
      `${secret}\n" TOTP_AUTH\n" WINDOW_SIZE 5\n`,
      '0400',
    );
    await system.expect('chown', ['ada:ada', '/home/ada/.google_authenticator']);
    const code = async () => (await system.expect('oathtool', ['--totp', '-b', secret])).trim();
    const question = { kind: 'other', text: 'Verification code: ', isSecret: true };

    const forgetful = personWho((prompt, count) => {
      if (prompt.kind === 'user-name') return 'ada';
      if (prompt.kind === 'password') return people.ada;
      return count < 4 ? '000000' : code();
    });
    const first = stage.open();
    assert.deepEqual(await connect(first, forgetful), { kind: 'connected' });
    assert.deepEqual(forgetful.prompts.map(seen), [userName, password, question, secondPassword, question]);
    assert.equal(first.window.hosts.get(first.host.id)?.userName, 'ada');

    // What a stranger is told does not say which of the two was wrong.
    const wrong = await daemon.signIn('bob', 'not his password');
    const asked = await daemon.signIn('ada', people.ada);
    const { conversation } = JSON.parse(asked.text) as { conversation: string };
    const body = { username: 'ada', answers: ['000000'], conversation };
    const refused = await daemon.ask('POST', '/sign-in', undefined, body);
    assert.deepEqual([refused.status, refused.text], [wrong.status, wrong.text]);
    assert.equal(wrong.status, 401);

    await system.write('/etc/pam.d/remote-kernels', withSecondFactor('echo_verification_code'));
    const another = personWho((prompt) =>
      prompt.kind === 'user-name' ? 'ada' : prompt.kind === 'password' ? people.ada : code(),
    );
    assert.deepEqual(await connect(stage.open(), another), { kind: 'connected' });
    assert.deepEqual(another.prompts.map(seen), [userName, password, { ...question, isSecret: false }]);
  },
);

test(
  'a password that has to be changed is asked for twice, a mistake is said, and afterwards the fresh one counts and is remembered',
  { timeout },
  async (t) => {
    const stage = await start(t);
    if (stage === undefined) return;
    const [before, after] = ['Old-1990!x', 'Fresh-2031-zebra!'];
    await stage.system.addAccount({ name: 'carol', password: before, mustChange: true });
    const person = personWith(
      'carol',
      { value: before, isToBeRemembered: true },
      ...[before, after, 'Fresh-2031-zebro!'],
      ...[before, after, after],
    );
    const profile = createProfile();
    const first = stage.open(profile);
    assert.deepEqual(await connect(first, person), { kind: 'connected' }, stage.daemon.words());
    const hidden = (text: RegExp) => ({ kind: 'other', isSecret: true, text });
    const expected = [
      hidden(/required to change your password[^]*\nCurrent password: $/),
      hidden(/^New password: $/),
      hidden(/^Retype new password: $/),
      hidden(/do not match[^]*\nCurrent password: $/),
      hidden(/^New password: $/),
      hidden(/^Retype new password: $/),
    ];
    const prompts = person.prompts.map(seen);
    assert.deepEqual(prompts.slice(0, 2), [userName, password]);
    assert.equal(prompts.length, 2 + expected.length, JSON.stringify(prompts));
    expected.forEach(({ text, ...rest }, index) => {
      const { text: shown = '', ...others } = prompts[index + 2] ?? { text: '' };
      assert.match(shown, text);
      assert.deepEqual(others, rest);
    });

    const secrets = [...profile.secrets.values].filter(([key]) => key.startsWith('password:'));
    assert.deepEqual(
      secrets.map(([, value]) => value),
      [after],
    );
    for (const key of profile.secrets.values.keys())
      if (key.startsWith('token:')) profile.secrets.values.delete(key);
    first.window.close();
    const nobody = personWith();
    assert.deepEqual(await connect(stage.open(profile), nobody), { kind: 'connected' });
    assert.deepEqual(nobody.prompts, []);

    const old = personWith('carol', before, after);
    assert.deepEqual(await connect(stage.open(), old), { kind: 'connected' });
    assert.deepEqual(old.prompts.map(seen), [userName, password, secondPassword]);
  },
);

test(
  'a sign-in that was left in the middle is begun again, and one goes on when the front door was killed meanwhile',
  { timeout },
  async (t) => {
    const stage = await start(t);
    if (stage === undefined) return;
    const { system, daemon } = stage;
    const [before, after] = ['Old-1990!x', 'Fresh-2031-zebra!'];
    for (const name of ['carol', 'dora', 'erin', 'frank'])
      await system.addAccount({ name, password: before, mustChange: true });
    const endOf = (pids: readonly number[]) =>
      until(
        async () => ((await stage.pamPids()).some((pid) => pids.includes(pid)) ? undefined : true),
        withDeadline(patienceMs, 'the end of the process that asks PAM'),
      );
    const killFrontDoor = async () => {
      const { frontDoorPid } = await daemon.status();
      assert.ok(frontDoorPid !== undefined);
      process.kill(frontDoorPid, 'SIGKILL');
    };
    const listens = async (times: number) =>
      until(
        () => (daemon.events.filter(({ event }) => event === 'listening').length >= times ? true : undefined),
        withDeadline(patienceMs, 'another front door'),
      );

    // The person closes the box: nothing is told as an error, and the next attempt begins at the beginning.
    const place = stage.open();
    const leaving = personWith('carol', before, undefined);
    assert.deepEqual(await connect(place, leaving), { kind: 'cancelled' });
    assert.equal(place.window.hosts.get(place.host.id)?.state.kind, 'disconnected');
    const again = personWith('carol', before, before, after, after);
    assert.deepEqual(await connect(place, again), { kind: 'connected' });

    // What asks PAM reaches its own deadline while the person thinks.
    const slow = personWho(async (_prompt, count) => {
      if (count === 3) {
        const pids = await stage.pamPids();
        assert.ok(pids.length > 0);
        for (const pid of pids) process.kill(pid, 'SIGALRM');
        await endOf(pids);
      }
      return ['dora', before, before, before, before, after, after][count - 1];
    });
    assert.deepEqual(await connect(stage.open(), slow), { kind: 'connected' });
    assert.deepEqual(slow.prompts.map(seen)[3], secondPassword, 'asked again from the beginning');

    // The front door is not there when the person answers.
    const unluckyPlace = stage.open();
    const unlucky = personWho(async (_prompt, count) => {
      if (count === 3) await killFrontDoor();
      return ['erin', before, before][count - 1];
    });
    const outcome = await connect(unluckyPlace, unlucky);
    assert.ok(outcome.kind === 'failed', JSON.stringify(outcome));
    assert.match(connectionSentence(outcome.error, 'lab-7'), /^lab-7 \(.*\) does not answer\./);
    await listens(2);
    const lucky = personWith('erin', before, before, after, after);
    assert.deepEqual(await connect(unluckyPlace, lucky), { kind: 'connected' });

    // It is there again: the answers go on where they were.
    const patient = personWho(async (_prompt, count) => {
      if (count === 4) {
        await killFrontDoor();
        await listens(3);
      }
      return ['frank', before, before, after, after][count - 1];
    });
    assert.deepEqual(await connect(stage.open(), patient), { kind: 'connected' }, daemon.words());
    assert.equal(patient.prompts.length, 5);
    assert.equal((await daemon.signIn('frank', after)).status, 200);
    for (const secret of [before, after]) assert.ok(!daemon.words().includes(secret));
  },
);
