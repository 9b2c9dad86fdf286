import { stat } from 'node:fs/promises';
import { exitCodes } from '../../protocol/command-line';
import { controlPaths, parseDaemonStatus, type DaemonStatus } from '../../protocol/daemon-control';
import { systemPaths } from '../configuration/system-paths';
import { askDaemon, type OwnDaemon } from './control-client';
import { systemControlSocket } from './daemon-folders';
import { installationPlaces } from './installation/places';
import { findServiceSystem, serviceCommand, serviceFile } from './installation/service';
import { findUserNames } from './process-usage/find-user-names';
import { readUsage } from './process-usage/read-usage';
import { addUsage, usersWithProcesses } from './process-usage/usage';
import { formatStatus } from './status-words';
import { printResult } from './terminal';
import { toVisibleJson } from './visible-json';

const usageTimeoutMs = 8_000;

/**
 * `remote-kernels status`. Root is told of the daemon of many users where one runs, and of all users. What runs is read from the system and not
 * asked of any user's process.
 */
export async function runStatus(isJson: boolean, programFile: string): Promise<number> {
  const isRoot = process.getuid?.() === 0;
  const sockets = isRoot ? [systemControlSocket(systemPaths)] : [];
  const service = isRoot ? await findServiceDaemon() : undefined;
  const asked = await askDaemon('GET', controlPaths.status, parseDaemonStatus, sockets, service);
  const status = await withUsage(asked, programFile);
  printResult(isJson ? toVisibleJson(status) : formatStatus(status, Date.now()));
  return exitCodes.ok;
}

async function withUsage(status: DaemonStatus, programFile: string): Promise<DaemonStatus> {
  const usage = await readUsage(programFile, usageTimeoutMs);
  if (usage === undefined) return status;
  const known = new Set(status.users?.map(({ uid }) => uid));
  const unknown = usersWithProcesses(usage).filter((uid) => !known.has(uid));
  const names = status.users === undefined ? new Map<number, string>() : await findUserNames(unknown);
  return addUsage(status, usage, (uid) => names.get(uid) ?? String(uid));
}

/** The daemon of all users where it is installed: another one beside it, by hand, is not what root is to start. */
async function findServiceDaemon(): Promise<OwnDaemon | undefined> {
  const file = serviceFile(await findServiceSystem(), installationPlaces());
  if ((await stat(file).catch(() => undefined)) === undefined) return undefined;
  return {
    absent: 'the daemon for all users of this host does not run',
    start: `start it with: ${serviceCommand(file, 'start')} (what keeps it from starting says: remote-kernels check)`,
  };
}
