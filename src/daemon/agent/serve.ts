import { join } from 'node:path';
import { toError } from '../../base/errors';
import { withDeadline } from '../../base/time';
import { exitCodes } from '../../protocol/command-line';
import {
  readSystemKernelLimit,
  readUserConfiguration,
  userConfigurationPath,
  withKernelLimit,
} from '../configuration/user-configuration';
import { LogFile } from '../platform/log-file';
import {
  describeOwnProcess,
  isLockHolder,
  takeProcessLock,
  type ProcessLock,
} from '../platform/process-lock';
import { readBootId } from '../platform/processes';
import { openStateFolders } from '../platform/state-folders';
import { Agent } from './agent';
import { findLoginFolder } from './kernels/working-directory';
import { readAgentPlaces } from './start/agent-places';
import { agentLockName, agentSocketName, findAgent } from './start/find-agent';

const maxLogBytes = 1024 * 1024;
const maxOlderLogs = 2;

/** How often the agent makes sure that it still is the one, and keeps its lock from looking old. */
const lockCheckIntervalMs = 30_000;

/**
 * Is the agent of this user, with keepers of that program, until it is no longer needed or told to end; kernels stay in any case. Resolves with the exit code, at once when
 * another agent of this user runs.
 */
export async function serveAgent(programFile: string): Promise<number> {
  const places = await readAgentPlaces();
  const variables = process.env;
  const limit = await readSystemKernelLimit();
  // A home that cannot be entered has no configuration either.
  const loginFolder = await findLoginFolder(places.user.homeFolder);
  const configuration = withKernelLimit(
    await readUserConfiguration(userConfigurationPath(loginFolder.folder, variables)),
    limit.maxKernels,
  );
  const folders = await openStateFolders(places.candidates);
  const bootId = await readBootId();
  const lock = await takeProcessLock(join(folders.sockets, agentLockName), await describeOwnProcess(bootId));
  if (isLockHolder(lock)) return exitCodes.ok;
  const logFile = new LogFile({
    path: join(folders.state, 'agent.log'),
    maxBytes: maxLogBytes,
    maxOlder: maxOlderLogs,
    level: configuration.logLevel,
  });
  const logger = logFile.createLogger();
  process.on('uncaughtException', (error) => {
    logger.error('the agent ends by a fault of its own; kernels stay', error);
    process.exit(exitCodes.software);
  });
  try {
    // An agent in another process namespace looks dead by its number and may still answer.
    const other = await findAgent(places.candidates, withDeadline(10_000, 'the agent of this user'));
    if (other !== undefined) return exitCodes.ok;
    if (folders.problem !== undefined)
      logger.warn(
        `state that is lost with the next start of this machine is kept in ${folders.state}: ${folders.problem}`,
      );
    if (loginFolder.problem !== undefined) logger.warn(loginFolder.problem);
    if (limit.problem !== undefined)
      logger.warn(`the limit of kernels for every user is not known: ${limit.problem}`);
    const agent = new Agent({
      program: programFile,
      socket: join(folders.sockets, agentSocketName),
      folders,
      places,
      configuration,
      bootId,
      variables,
      logger,
    });
    const reason = await runUntilEnd(agent, lock);
    logger.info(`ending: ${reason}; kernels stay`);
    return exitCodes.ok;
  } catch (error) {
    logger.error('the agent failed', error);
    throw error;
  } finally {
    await lock.release();
    logFile.dispose();
  }
}

/** Resolves with the reason for which the agent ended. */
async function runUntilEnd(agent: Agent, lock: ProcessLock): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const onSignal = new Map<NodeJS.Signals, () => void>();
  try {
    const ended = new Promise<string>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        const listener = () => resolve(`received ${signal}`);
        onSignal.set(signal, listener);
        process.on(signal, listener);
      }
      // The terminal from which the agent was started is gone; it has nothing to do with it.
      process.on('SIGHUP', ignoreHangUp);
      agent.onDidEnd(resolve);
      timer = setInterval(() => {
        findReasonToEnd(agent, lock).then(
          (reason) => {
            if (reason !== undefined) resolve(reason);
          },
          (error: unknown) => resolve(`the lock cannot be read: ${toError(error).message}`),
        );
      }, lockCheckIntervalMs);
    });
    await agent.start();
    return await ended;
  } finally {
    clearInterval(timer);
    for (const [signal, listener] of onSignal) process.removeListener(signal, listener);
    process.removeListener('SIGHUP', ignoreHangUp);
    await agent.stop();
  }
}

/** Why this agent is no longer the one that clients find, if it is not: another one then has its place, or the next call makes one. */
async function findReasonToEnd(agent: Agent, lock: ProcessLock): Promise<string | undefined> {
  if (!(await lock.isStillOurs())) return 'the lock was taken away';
  return (await agent.isReachable()) ? undefined : 'the socket was taken away';
}

function ignoreHangUp(): void {
  // Without a listener the signal would end the process.
}
