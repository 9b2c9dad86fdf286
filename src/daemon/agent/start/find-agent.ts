import { join } from 'node:path';
import { withDeadline } from '../../../base/time';
import { toError } from '../../../base/errors';
import { agentPaths, parseHello, type Hello } from '../../../protocol/agent';
import { compareProtocol } from '../../../protocol/version';
import { requestJson } from '../../platform/socket-http';
import { isPrivateFolder, type StateFolderCandidates } from '../../platform/state-folders';

/** The name of the agent's private socket in its folder. */
export const agentSocketName = 'agent.sock';

/** The name of the lock beside it, which makes sure that one user has one agent. */
export const agentLockName = 'agent.lock';

/** A running agent that answered. */
export interface FoundAgent {
  readonly socket: string;
  readonly hello: Hello;
}

/** How long a living agent may take for its first answer on its socket. */
const helloTimeoutMs = 5_000;

/**
 * Asks every place where this user's agent can be. A socket in a folder that others can enter or that is a link is never spoken to. Throws when
 * an agent of another protocol runs, with words that name the older side.
 */
export async function findAgent(
  candidates: StateFolderCandidates,
  signal: AbortSignal,
): Promise<FoundAgent | undefined> {
  for (const folder of candidates.sockets) {
    const socket = join(folder, agentSocketName);
    if (!(await isPrivateFolder(folder))) continue;
    const hello = await sayHello(socket, signal);
    if (hello !== undefined) return { socket, hello };
  }
  return undefined;
}

/** The agent's answer, or nothing when nobody listens there. */
async function sayHello(socket: string, signal: AbortSignal): Promise<Hello | undefined> {
  // Not derived from the caller's signal, to which a start that asks again and again would add a listener each time.
  const deadline = withDeadline(helloTimeoutMs, `the agent on ${socket}`);
  let hello: Hello;
  try {
    hello = await requestJson({ socket, path: agentPaths.hello, signal: deadline }, parseHello);
  } catch (error) {
    signal.throwIfAborted();
    if (toError(error).name === 'TimeoutError') throw error;
    return undefined;
  }
  switch (compareProtocol(hello.protocol)) {
    case 'same':
      return hello;
    case 'older':
      throw new Error(
        `the agent that runs here is older than this program (${hello.version}): end it and start again, kernels stay`,
      );
    case 'newer':
    case 'unreadable':
      throw new Error(`this program is older than the agent that runs here (${hello.version}): update it`);
  }
}
