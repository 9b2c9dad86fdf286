import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { toError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import type { KeeperRecord } from '../../../protocol/keeper';
import { signalGroup } from '../../platform/processes';
import { removeStaleSocket } from '../../platform/sockets';

/** Removes the sockets of a kernel and its keeper, neither of which runs. They lie outside the folder of the record. */
export async function removeSockets({ socket, order }: KeeperRecord, logger: Logger): Promise<void> {
  const prefix = socket.replace(/\.sock$/, '');
  const kernelSockets = order.transport === 'ipc' ? [1, 2, 3, 4, 5].map((port) => `${prefix}-${port}`) : [];
  for (const path of [socket, ...kernelSockets]) {
    await removeStaleSocket(path).catch((error: unknown) =>
      logger.warn(`a socket of a kernel that has ended stays: ${toError(error).message}`),
    );
  }
}

/** The connection file of the kernel whose record lies in this folder; Jupyter's own name. */
function connectionFileIn(recordFolder: string): string {
  return join(recordFolder, `kernel-${basename(recordFolder)}.json`);
}

/**
 * Kills a kernel that was started and of which no record tells, because its keeper was killed in between. It is recognised as a process of this
 * user that leads a session of its own, as every kernel of ours does, and whose command line names the connection file: a console or an
 * editor that a person opened on that file leads none. Linux only; elsewhere nothing is found.
 */
export async function endUnrecorded(recordFolder: string, logger: Logger): Promise<void> {
  if (process.platform !== 'linux') return;
  const connectionFile = connectionFileIn(recordFolder);
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || !(await isUnrecordedKernel(name, connectionFile))) continue;
    logger.warn(`process ${name} is a kernel that no record tells of; it is ended`);
    signalGroup(Number(name), 'SIGKILL');
  }
}

async function isUnrecordedKernel(name: string, connectionFile: string): Promise<boolean> {
  try {
    const folder = join('/proc', name);
    if ((await stat(folder)).uid !== process.getuid?.()) return false;
    const words = (await readFile(join(folder, 'cmdline'), 'utf8')).split('\0');
    if (!words.some((word) => word.includes(connectionFile))) return false;
    // State, parent, process group and session come after the program's name, which may hold anything (proc(5)).
    const status = await readFile(join(folder, 'stat'), 'utf8');
    const [, , group, session] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return group === name && session === name;
  } catch {
    // It ended while it was looked at, or is not to be looked at: then it is none of ours.
    return false;
  }
}
