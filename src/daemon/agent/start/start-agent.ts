import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { delay } from '../../../base/time';
import { toSingleLine } from '../../../base/text';
import type { AgentAddress } from '../../../protocol/command-line';
import { listInheritable } from '../../platform/descriptors';
import { readLockHolder } from '../../platform/process-lock';
import { findLoginFolder } from '../kernels/working-directory';
import type { AgentPlaces } from './agent-places';
import { agentLockName, findAgent, type FoundAgent } from './find-agent';

/** How often an agent that starts is asked whether it answers. */
const pollIntervalMs = 10;

/** How often a start is tried again when the agent ended before it answered, without saying that it failed. */
const maxStarts = 5;

/** The agent ended before it answered; the message is what it said. */
export class AgentStartError extends Error {
  constructor(
    message: string,
    /** As in sysexits(3). */
    readonly exitCode: number,
  ) {
    super(message);
    this.name = 'AgentStartError';
  }
}

/** Finds this user's agent, or starts it and waits until it answers. Rejects with what the agent said when it could not start. */
export async function findOrStartAgent(
  program: string,
  places: AgentPlaces,
  signal: AbortSignal,
): Promise<AgentAddress> {
  const found = await findAgent(places.candidates, signal);
  if (found !== undefined) return describe(found, await readPid(found), undefined);
  for (let starts = 0; starts < maxStarts; starts += 1) {
    const address = await startOnce(program, places, signal);
    if (address !== undefined) return address;
  }
  throw new Error('the agent was started several times and did not stay');
}

/** Starts an agent and waits for one, whichever of several that start at once it is. Nothing when ours gave way to one that is gone again. */
async function startOnce(
  program: string,
  places: AgentPlaces,
  signal: AbortSignal,
): Promise<AgentAddress | undefined> {
  const started = await spawnAgent(program, places);
  try {
    for (;;) {
      // Looked at before asking, so that an agent that gave way to another still finds that one answering.
      const exit = started.exit();
      const found = await findAgent(places.candidates, signal);
      if (found !== undefined) return describe(found, await readPid(found), started.pid);
      if (exit !== undefined && exit !== 0) throw new AgentStartError(await started.complaint(), exit);
      if (exit === 0 && (await isNobodyStarting(places))) return undefined;
      await delay(pollIntervalMs, signal);
    }
  } finally {
    await started.forget();
  }
}

interface StartingAgent {
  readonly pid: number | undefined;
  /** The exit code, once it has ended. */
  exit(): number | undefined;
  /** What it said about its failure. */
  complaint(): Promise<string>;
  forget(): Promise<void>;
}

/**
 * Starts the agent in a session of its own, with nothing of ours open in it, so that it neither ends with this terminal nor keeps a pipe of the
 * caller's open. What it says before it has a log goes to a file that is removed when the start is decided.
 */
async function spawnAgent(program: string, places: AgentPlaces): Promise<StartingAgent> {
  const folder = await mkdtemp('/tmp/remote-kernels-start-');
  const path = join(folder, 'complaint');
  const output = openSync(path, 'wx', 0o600);
  const { homeFolder } = places.user;
  let exit: number | undefined;
  let failure = '';
  const child = spawn(process.execPath, [program, 'agent', '--server'], {
    detached: true,
    cwd: (await findLoginFolder(homeFolder)).folder,
    env: agentVariables(process.env),
    stdio: ['ignore', 'ignore', output, ...(await coverInherited(output))],
  });
  closeSync(output);
  child.unref();
  child.once('error', (error) => {
    failure = error.message;
    exit = 70;
  });
  child.once('exit', (code) => (exit = code ?? 70));
  return {
    pid: child.pid,
    exit: () => exit,
    async complaint() {
      const said = failure === '' ? (await readFile(path, 'utf8')).trim() : failure;
      return said === ''
        ? `the agent ended with exit code ${exit ?? 0}`
        : toSingleLine(said.replace(/^remote-kernels agent: /, ''), 2000);
    },
    forget: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Puts the descriptor in the place of every other one that the child would inherit and thereby keep open for our caller. */
async function coverInherited(descriptor: number): Promise<(number | 'ignore')[]> {
  const inherited = await listInheritable();
  const last = Math.max(2, ...inherited);
  return Array.from({ length: last - 2 }, (_, index) =>
    inherited.includes(index + 3) ? descriptor : 'ignore',
  );
}

/** Whether no process holds any lock of this user's agent, so that waiting for one to answer would be in vain. */
async function isNobodyStarting(places: AgentPlaces): Promise<boolean> {
  for (const folder of places.candidates.sockets) {
    if ((await readLockHolder(join(folder, agentLockName)).catch(() => undefined)) !== undefined)
      return false;
  }
  return true;
}

async function readPid(found: FoundAgent): Promise<number> {
  return (await readLockHolder(join(dirname(found.socket), agentLockName)))?.pid ?? 0;
}

function describe(found: FoundAgent, pid: number, startedPid: number | undefined): AgentAddress {
  return {
    protocol: found.hello.protocol,
    socket: found.socket,
    agentId: found.hello.agentId,
    startId: found.hello.startId,
    pid,
    started: pid === startedPid,
  };
}

/** Set for the program that called us and wrong or stale for a process that outlives it. */
const callersOnly =
  /^(?:NODE_.*|ELECTRON_.*|VSCODE_.*|CHROME_.*|JPY_.*|JUPYTER_.*_(?:TOKEN|URL)|SSH_(?:CONNECTION|CLIENT|TTY)|TERM_PROGRAM.*|VIRTUAL_ENV.*|CONDA_(?:PREFIX.*|DEFAULT_ENV|SHLVL|PROMPT_MODIFIER)|PYTHON(?:HOME|PATH|STARTUP)|OLDPWD|PWD|SHLVL|_)$/;

/** The environment for the agent: ours without what belongs to the terminal, the notebook or the editor from which we were called. */
export function agentVariables(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(variables).filter(([name]) => !callersOnly.test(name)));
  // In the desktop editor our Node is Electron, which is Node only when it is told so.
  return process.versions['electron'] === undefined ? kept : { ...kept, ELECTRON_RUN_AS_NODE: '1' };
}
