import { formatDuration, toSingleLine } from '../../base/text';
import { exitCodes } from '../../protocol/command-line';
import { controlPaths, parseDaemonStatus, type DaemonStatus } from '../../protocol/daemon-control';
import { systemPaths } from '../configuration/system-paths';
import { askDaemon } from './control-client';
import { systemControlSocket } from './daemon-folders';
import { formatPinLines, formatTime } from './pair';
import { printResult } from './terminal';

/** `remote-kernels status`. Root is told of the daemon of many users where one runs. */
export async function runStatus(isJson: boolean): Promise<number> {
  const sockets = process.getuid?.() === 0 ? [systemControlSocket(systemPaths)] : [];
  const status = await askDaemon('GET', controlPaths.status, parseDaemonStatus, sockets);
  printResult(isJson ? JSON.stringify(status) : formatStatus(status, Date.now()));
  return exitCodes.ok;
}

/** The status in words, one subject a line. */
export function formatStatus(status: DaemonStatus, nowMs: number): string {
  const rows: readonly (readonly [string, string])[] = [
    ['Name', toSingleLine(status.name)],
    ['Addresses', status.addresses.join(', ')],
    ['Announced', status.announcedAs === undefined ? 'no' : `as "${toSingleLine(status.announcedAs)}"`],
    ['Running', `for ${formatDuration(nowMs - Date.parse(status.startedAt))}, process ${status.pid}`],
    ['Version', status.version],
    ['Connections', `${status.connections}, of them signed in ${status.signedInConnections}`],
    ['Sign-ins', String(status.signIns)],
    ...(status.users === undefined ? formatOneUser(status) : formatFrontDoor(status)),
    ...(status.kernels === undefined ? [] : ([['Kernels', String(status.kernels.length)]] as const)),
  ];
  const kernels = (status.kernels ?? []).map(
    ({ id, state, name, environment }) =>
      `  ${id.slice(0, 8)}  ${state.padEnd(10)}  ${toSingleLine(name)}  (${toSingleLine(environment)})`,
  );
  const users = (status.users ?? []).map(
    ({ name, uid, signIns, agentPid }) =>
      `  ${toSingleLine(name)} (${uid})  sign-ins: ${signIns}  agent: ${agentPid === undefined ? 'not started' : `process ${agentPid}`}`,
  );
  const lines = rows.map(([label, value]) => `${`${label}:`.padEnd(14)}${value}`);
  return [...lines, ...users, ...kernels, 'Fingerprint:', ...formatPinLines(status.pin)].join('\n');
}

function formatOneUser(status: DaemonStatus): (readonly [string, string])[] {
  const { agentPid, codeExpiresAt } = status;
  const code =
    codeExpiresAt === undefined
      ? 'none; make one with: remote-kernels pair'
      : `valid until ${formatTime(codeExpiresAt)}`;
  return [
    ['Pairing code', code],
    ['Agent', agentPid === undefined ? 'not started' : `process ${agentPid}`],
  ];
}

function formatFrontDoor({ frontDoorPid, users = [] }: DaemonStatus): (readonly [string, string])[] {
  return [
    ['Front door', frontDoorPid === undefined ? 'being started again' : `process ${frontDoorPid}`],
    ['Users', String(users.length)],
  ];
}
