import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { toError } from '../../../src/base/errors';
import { until, withDeadline } from '../../../src/base/time';
import type { Account } from '../../../src/daemon/supervisor/account';
import { AgentsOfUsers, type AgentNeed } from '../../../src/daemon/supervisor/agents-of-users';
import { isRoot, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

/** An agent's command that notes its process in the folder of its door and takes longer than it may. */
const hangingCommand = `
  require('node:fs').writeFileSync(process.argv[5] + '/process', String(process.pid));
  setTimeout(() => undefined, 60_000);
`;

test('however many wait for the start of a user’s agent, it takes one place among the starts, and others start theirs', async (t) => {
  const made = await hangingAgents(t);
  if (made === undefined) return;
  const { ask, startOf } = made;
  const [eve, ada] = [systemAccount('nobody', 65_534, 65_534), systemAccount('daemon', 1, 1)];
  const eves = Array.from({ length: 8 }, () => ask(eve));
  const first = await startOf(eve);
  const adas = ask(ada);
  const other = await startOf(ada);
  // All have waited for the one start: when it ends they all hear of that end.
  process.kill(first, 'SIGKILL');
  process.kill(other, 'SIGKILL');
  for (const words of await Promise.all([...eves, adas])) assert.match(words, /ended by SIGKILL/);
});

test('at most eight wait for the start of one user’s agent; more are told so at once, and all can come back after it', async (t) => {
  const made = await hangingAgents(t);
  if (made === undefined) return;
  const { ask, startOf } = made;
  const eve = systemAccount('nobody', 65_534, 65_534);
  const asked = Array.from({ length: 80 }, () => ask(eve));
  const first = await startOf(eve);
  const told = await Promise.all(asked.slice(8));
  assert.equal(told.length, 72);
  for (const words of told) assert.match(words, /being started, and 8 others wait.*try again/);
  const signsIn = ask(eve, 'sign-in');
  process.kill(first, 'SIGKILL');
  assert.match(await signsIn, /ended by SIGKILL/, 'a sign-in waits');
  for (const words of await Promise.all(asked.slice(0, 8))) assert.match(words, /ended by SIGKILL/);
  assert.doesNotMatch(await ask(eve), /others wait/);
});

test('who gives up waiting for a start leaves the place to another, and the start goes on for the rest', async (t) => {
  const made = await hangingAgents(t);
  if (made === undefined) return;
  const { ask, startOf } = made;
  const eve = systemAccount('nobody', 65_534, 65_534);
  const giveUp = new AbortController();
  const asked = Array.from({ length: 8 }, (_, index) =>
    ask(eve, 'use', index === 0 ? giveUp.signal : undefined),
  );
  const first = await startOf(eve);
  giveUp.abort(new Error('gone away'));
  assert.equal(await asked[0], 'gone away');
  const late = ask(eve);
  assert.match(await ask(eve), /others wait/);
  process.kill(first, 'SIGKILL');
  for (const words of await Promise.all([...asked.slice(1), late])) assert.match(words, /ended by SIGKILL/);
});

/** Agents whose start takes until it is ended; `undefined` where users cannot be switched. Every start that was seen is ended after the test. */
async function hangingAgents(t: TestContext) {
  if (!requirePeer(t, 'the right to run programs as other users (root)', isRoot())) return undefined;
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o711);
  const [programFile, usersFolder] = [join(folder, 'hanging.js'), join(folder, 'users')];
  await writeFile(programFile, hangingCommand, { mode: 0o644 });
  const agents = new AgentsOfUsers({
    programFile,
    usersFolder,
    frontDoorGid: 0,
    frontDoor: () => ({ daemonId: 'd'.repeat(32), pin: 'pin', port: 1 }),
    log: silentLogger,
    now: () => performance.now(),
  });
  const under = new Set<Promise<string>>();
  const seen = new Set<number>();
  t.after(async () => {
    for (const pid of seen) endIfThere(pid);
    await Promise.all(under);
  });
  return {
    /** What is said to one who asks for the agent. */
    ask: (
      account: Account,
      need: AgentNeed = 'use',
      signal = withDeadline(45_000, 'the agent'),
    ): Promise<string> => {
      const words = agents.ensure(account, 'administer', need, signal).then(
        ({ socket }) => socket,
        (error: unknown) => toError(error).message,
      );
      under.add(words);
      return words;
    },
    /** The process of the start of that account's agent, once there is one. */
    startOf: async ({ uid }: Account): Promise<number> => {
      const file = join(usersFolder, `${uid}`, 'process');
      const look = async () => {
        const pid = Number(await readFile(file, 'utf8').catch(() => ''));
        return pid > 0 ? pid : undefined;
      };
      const pid = await until(look, withDeadline(20_000, `a start for ${uid}`));
      seen.add(pid);
      return pid;
    },
  };
}

/** An account that every Linux has. */
function systemAccount(name: string, uid: number, gid: number): Account {
  return { name, uid, gid, home: '/', shell: '/bin/sh', groups: [name] };
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
