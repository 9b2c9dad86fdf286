import { formatDuration, toSingleLine } from '../../base/text';
import { exitCodes } from '../../protocol/command-line';
import { controlPaths, parseDaemonStatus, type DaemonStatus } from '../../protocol/daemon-control';
import { askDaemon } from './control-client';
import { formatPinLines, formatTime } from './pair';
import { printResult } from './terminal';

/** `remote-kernels status`. */
export async function runStatus(isJson: boolean): Promise<number> {
  const status = await askDaemon('GET', controlPaths.status, parseDaemonStatus);
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
    [
      'Pairing code',
      status.codeExpiresAt === undefined
        ? 'none; make one with: remote-kernels pair'
        : `valid until ${formatTime(status.codeExpiresAt)}`,
    ],
    ['Agent', status.agentPid === undefined ? 'not started' : `process ${status.agentPid}`],
    ...(status.kernels === undefined ? [] : ([['Kernels', String(status.kernels.length)]] as const)),
  ];
  const kernels = (status.kernels ?? []).map(
    ({ id, state, name, environment }) =>
      `  ${id.slice(0, 8)}  ${state.padEnd(10)}  ${toSingleLine(name)}  (${toSingleLine(environment)})`,
  );
  const lines = rows.map(([label, value]) => `${`${label}:`.padEnd(14)}${value}`);
  return [...lines, ...kernels, 'Fingerprint:', ...formatPinLines(status.pin)].join('\n');
}
