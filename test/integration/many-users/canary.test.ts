import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths } from '../../../src/protocol/agent';
import { frontDoorPaths, parseMorePrompts, parseSignedIn } from '../../../src/protocol/front-door';
import { hasProgram, requirePeer } from '../../support/peers';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { CanarySearch, makeCanary } from './canaries';
import {
  coreFolder,
  filesSince,
  isMemoryPrivate,
  plantCanaries,
  readDoorKey,
  userOf,
  searchFiles,
  withCores,
} from './canary-places';
import { crash, isInMemory, ProcessWatch } from './process-watch';
import { runCode } from './run-code';
import { sendStrangeRequests } from './strange-requests';
import {
  giveEnvironment,
  startKernel,
  startSystemDaemon,
  type Answer,
  type SystemDaemon,
} from './system-daemon';

const pamFile = plainPamFile.replace('\n', '\nauth required pam_google_authenticator.so nullok\n');
const configurationFile = '/etc/remote-kernels/config.json';
const waitMs = 60_000;

/** Answers prompts until there is a decision. */
async function converse(
  daemon: SystemDaemon,
  username: string,
  password: string,
  answerTo: (prompt: string) => string,
): Promise<Answer> {
  let answer = await daemon.signIn(username, password);
  for (let round = 0; round < 8 && answer.text.includes('"more"'); round += 1) {
    const { prompts, conversation } = expectParsed(parseJson(answer.text, parseMorePrompts));
    const answers = prompts.map(({ text }) => answerTo(text));
    answer = await daemon.ask('POST', frontDoorPaths.signIn, undefined, { username, answers, conversation });
  }
  return answer;
}

test(
  'passwords, second factors, tokens and door keys are in no log, argument, environment, core file or file',
  { timeout: 240_000 },
  async (t) => {
    const hasFactor = hasProgram('google-authenticator') && hasProgram('oathtool');
    if (!requirePeer(t, 'libpam-google-authenticator with oathtool', hasFactor)) return;
    const startedAtS = Date.now() / 1000;
    const system = await PrivateSystem.start(t, { pamFile });
    if (system === undefined) return;
    const [right, wrong, stray] = [makeCanary('password'), makeCanary('wrong'), makeCanary('stray')];
    const [old, fresh, factor] = [makeCanary('old'), makeCanary('new'), makeCanary('second factor')];
    const planted = {
      argument: makeCanary('planted argument'),
      variable: makeCanary('planted variable'),
      file: makeCanary('planted file'),
      core: makeCanary('planted core'),
    };
    const search = new CanarySearch([right, wrong, stray, old, fresh, factor, ...Object.values(planted)]);
    const watch = new ProcessWatch(system, search);
    /** What the daemon and its commands answered and printed, but for the tokens that belong there. */
    const heard: string[] = [];

    // People whose passwords have what has to be escaped somewhere, and a second factor for one of them.
    const passwordOf = ({ value }: { readonly value: string }) => `ü"%41\\ ${value}`;
    await system.setPassword('ada', passwordOf(right));
    await system.setPassword('bob', passwordOf(right));
    await system.addAccount({ name: 'carol', password: passwordOf(old), mustChange: true });
    const totp = 'JBSWY3DPEHPK3PXPJBSWY3DPEH';
    await system.write('/home/bob/.google_authenticator', `${totp}\n" TOTP_AUTH\n" WINDOW_SIZE 5\n`, '0400');
    await system.expect('chown', ['bob:', '/home/bob/.google_authenticator']);
    await giveEnvironment(system, 'ada');
    await system.write('/home/ada/.config/remote-kernels/agent.json', '{"logLevel":"trace"}');
    await system.expect('chown', ['-R', 'ada:', '/home/ada/.config']);
    await system.write(configurationFile, '{"logLevel":"trace"}');
    await system.expect('mkdir', ['-m', '1777', coreFolder]);
    watch.start(t);
    await plantCanaries(system, planted);

    const daemon = await startSystemDaemon(system, [], { wrapper: withCores });
    const command = async (word: string) => {
      const { stdout, stderr } = await system.run(system.nodePath, [system.programFile, word]);
      heard.push(stdout, stderr);
    };
    /** The one process with these words; others of them, such as a look at an account, end soon. */
    const pidOf = (words: string, user?: number): Promise<number> => {
      const findOne = async () => {
        const pids: number[] = [];
        for (const { pid, command: line } of await system.processes())
          if (line.includes(words) && (user === undefined || (await userOf(pid)) === user)) pids.push(pid);
        return pids.length === 1 ? pids[0] : undefined;
      };
      return until(findOne, withDeadline(waitMs, `one process ${words}`));
    };
    const signedIn = (answer: Answer): string => {
      assert.equal(answer.status, 200, answer.text);
      const { token } = expectParsed(parseJson(answer.text, parseSignedIn));
      search.add({ name: 'token', value: token });
      return token;
    };
    const refused = (answer: Answer) => {
      assert.equal(answer.status, 401, answer.text);
      assert.doesNotMatch(answer.text, /"more"/);
      heard.push(answer.text);
    };

    // Signing in, in every way.
    const ada = signedIn(await daemon.signIn('ada', passwordOf(right)));
    const again = signedIn(await daemon.signIn('ada', passwordOf(right)));
    refused(await daemon.signIn('ada', passwordOf(wrong), '127.0.2.1'));
    // An account that is not there is asked for a second factor too.
    refused(await converse(daemon, 'nobody-here', passwordOf(wrong), () => factor.value));
    const code = async () => (await system.expect('oathtool', ['--totp', '-b', totp])).trim();
    const firstCode = await code();
    const bob = signedIn(await converse(daemon, 'bob', passwordOf(right), () => firstCode));
    refused(await converse(daemon, 'bob', passwordOf(right), () => factor.value));
    const carol = signedIn(
      await converse(daemon, 'carol', passwordOf(old), (prompt) =>
        passwordOf(/new/i.test(prompt) ? fresh : old),
      ),
    );
    signedIn(await daemon.signIn('carol', passwordOf(fresh)));
    refused(await daemon.signIn('carol', passwordOf(old), '127.0.2.3'));
    heard.push(...(await sendStrangeRequests(daemon.port, 'ada', stray.value)));
    // The agent may say to its own user what is not there.
    const strayPath = `/api/kernels/${stray.value}?token=${stray.value}`;
    assert.ok((await daemon.ask('GET', strayPath, ada)).status >= 400);
    const strayBody = { name: { [stray.value]: stray.value } };
    assert.ok((await daemon.ask('POST', '/api/kernels', ada, strayBody)).status >= 400);

    // Work, and what an administrator does meanwhile.
    const kernelId = await startKernel(daemon, ada);
    assert.equal((await runCode(daemon.port, ada, kernelId, 'print(6 * 7)')).trim(), '42');
    await command('status');
    await command('check');
    await system.write(configurationFile, '{"logLevel":"trace","nmae":"x"}');
    daemon.child.kill('SIGHUP');
    await until(
      () => (daemon.words().includes('stays in force') ? true : undefined),
      withDeadline(waitMs, 'the complaint about the configuration'),
    );
    await command('check');
    await system.write(configurationFile, '{"logLevel":"trace","name":"other"}');
    daemon.child.kill('SIGHUP');
    assert.equal((await daemon.ask('POST', frontDoorPaths.signOut, again)).status, 204);
    assert.equal((await daemon.ask('POST', `${frontDoorPaths.signOut}?everywhere`, carol)).status, 204);
    assert.equal((await daemon.ask('GET', agentPaths.hello, bob)).status, 200);

    // Each process that has a secret ends in the worst way, while it has it.
    const agentPid = await pidOf(
      'daemon.js agent --server',
      Number(await system.expect('id', ['-u', 'ada'])),
    );
    const findDoorKey = async () => {
      assert.equal((await daemon.ask('GET', agentPaths.hello, ada)).status, 200);
      return readDoorKey(agentPid);
    };
    const doorKey = await until(findDoorKey, withDeadline(waitMs, 'the door key in the memory of the agent'));
    search.add({ name: 'door key', value: doorKey });
    const asked = await daemon.signIn('bob', passwordOf(right), '127.0.2.4');
    const { conversation } = expectParsed(parseJson(asked.text, parseMorePrompts));
    const pamPid = await pidOf('daemon.js pam');
    const frontDoorPid = await pidOf('daemon.js front-door');
    const keeperPid = await pidOf('daemon.js keeper');
    assert.ok(await isInMemory(pamPid, right.value), 'the PAM process has the password');
    for (const pid of [agentPid, frontDoorPid]) assert.ok(await isMemoryPrivate(pid), `process ${pid}`);
    assert.equal(await isMemoryPrivate(keeperPid), false, 'the look at a memory sees a difference');
    // Node's own debugger, which this signal starts elsewhere, would let everybody on the machine read all of it.
    for (const pid of [await pidOf('daemon.js serve'), frontDoorPid, agentPid]) process.kill(pid, 'SIGUSR1');
    await crash(pamPid, 'SIGSEGV');
    refused(
      await daemon.ask('POST', frontDoorPaths.signIn, undefined, {
        username: 'bob',
        answers: [factor.value],
        conversation,
      }),
    );
    for (const pid of [frontDoorPid, agentPid]) {
      assert.ok(await isInMemory(pid, doorKey), `process ${pid} has the door key`);
      await crash(pid, 'SIGABRT');
    }
    await until(
      () => (daemon.events.filter(({ event }) => event === 'listening').length > 1 ? true : undefined),
      withDeadline(waitMs, 'another front door'),
    );
    const isBack = async () =>
      (await daemon.ask('GET', agentPaths.hello, ada)).status === 200 ? true : undefined;
    await until(isBack, withDeadline(waitMs, 'another agent'));
    await crash(keeperPid, 'SIGABRT');
    const supervisorPid = await pidOf('daemon.js serve');
    assert.ok(await isInMemory(supervisorPid, right.value), 'the supervisor has the password');
    await crash(supervisorPid, 'SIGSEGV');

    assert.doesNotMatch(daemon.words(), /Debugger listening/);

    // Nothing is anywhere, but for what was put there.
    const inProcesses = await watch.stop();
    for (const kind of ['serve', 'front-door', 'pam', 'agent', 'keeper', 'status', 'check'])
      assert.ok(watch.countOf(`daemon.js ${kind}`) > 0, `the watch has seen: ${kind}`);
    assert.ok(watch.countOf('ipykernel_launcher') > 0);
    const paths = await filesSince(system, startedAtS);
    const inFiles = await searchFiles(system, search, paths);
    const printed = [...heard, daemon.words(), JSON.stringify(daemon.events)].join('\n');
    const sightings = [...inProcesses, ...inFiles, ...search.find(printed, 'what was printed and answered')];
    const isPlanted = ({ canary }: { readonly canary: string }) => canary.startsWith('planted');
    assert.deepEqual(
      sightings.filter((one) => !isPlanted(one)),
      [],
    );
    const foundAgain = new Set(sightings.filter(isPlanted).map(({ canary }) => canary));
    const areCoresFiles = !(await readFile('/proc/sys/kernel/core_pattern', 'utf8')).startsWith('|');
    const expected = Object.values(planted).filter((one) => areCoresFiles || one !== planted.core);
    assert.deepEqual([...foundAgain].sort(), expected.map(({ name }) => name).sort());
    for (const part of ['/sign-ins.json', '/agent.log', '/keeper.log', '/config.json'])
      assert.ok(
        paths.some((path) => path.endsWith(part)),
        `${part} among ${paths.join('\n')}`,
      );
    t.diagnostic(
      `${paths.length} files; core files: ${paths.filter((path) => /\/core[^/]*$/.test(path)).join(' ')}`,
    );
  },
);
