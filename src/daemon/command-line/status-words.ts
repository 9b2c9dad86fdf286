import { formatBytes, formatDuration, toSingleLine } from '../../base/text';
import type { DaemonStatus } from '../../protocol/daemon-control';
import { formatPinLines, formatTime } from './pair';

type Row = readonly [label: string, value: string];

/** The status in words, one subject a line, with the users as a table. */
export function formatStatus(status: DaemonStatus, nowMs: number): string {
  const rows: readonly Row[] = [
    ['Name', toSingleLine(status.name)],
    ['Addresses', toSingleLine(status.addresses.join(', '), 4096)],
    ...(status.placeProblem === undefined
      ? []
      : ([['Not moved', toSingleLine(status.placeProblem, 1024)]] as const)),
    ['Announced', formatAnnouncement(status)],
    [
      'Running',
      `for ${formatDuration(nowMs - Date.parse(status.startedAt))}, ${formatProcess(status, status.pid)}`,
    ],
    ['Version', status.version],
    ['Connections', `${status.connections}, of them signed in ${status.signedInConnections}`],
    ['Sign-ins', String(status.signIns)],
    ...(status.users === undefined ? formatOneUser(status) : formatFrontDoor(status)),
    ...formatOtherProcesses(status),
    ...(status.users === undefined ? [] : ([['Users', String(status.users.length)]] as const)),
    ...(status.kernels === undefined ? [] : ([['Kernels', String(status.kernels.length)]] as const)),
  ];
  const kernels = (status.kernels ?? []).map(
    ({ id, state, name, environment, memoryBytes }) =>
      `  ${id.slice(0, 8)}  ${state.padEnd(10)}  ${toSingleLine(name)}  (${toSingleLine(environment)})${memoryBytes === undefined ? '' : `  ${formatBytes(memoryBytes)}`}`,
  );
  const lines = rows.map(([label, value]) => `${`${label}:`.padEnd(14)}${value}`);
  const missing =
    status.isIncomplete === true
      ? ['Not everything that runs could be read in time: numbers of kernels and memory are too low.']
      : [];
  return [
    ...lines,
    ...formatUsers(status),
    ...kernels,
    ...missing,
    'Fingerprint:',
    ...formatPinLines(status.pin),
  ].join('\n');
}

function formatAnnouncement({ announcedAs, announcedBy, announcementProblem }: DaemonStatus): string {
  if (announcedAs === undefined)
    return announcementProblem === undefined
      ? 'no'
      : `no: ${toSingleLine(announcementProblem)}; it is tried again`;
  const name = `as "${toSingleLine(announcedAs)}"`;
  if (announcedBy === undefined) return name;
  if (announcedBy.by === 'avahi') return `${name}, by avahi-daemon`;
  const { because } = announcedBy;
  return `${name}, by the daemon's own responder${because === undefined ? '' : ` (${toSingleLine(because)})`}`;
}

function formatProcess({ processes = [] }: DaemonStatus, pid: number): string {
  const memoryBytes = processes.find((one) => one.pid === pid)?.memoryBytes;
  return `process ${pid}${memoryBytes === undefined ? '' : `, ${formatBytes(memoryBytes)}`}`;
}

function formatOneUser(status: DaemonStatus): Row[] {
  const { agentPid, codeExpiresAt, memoryBytes } = status;
  const code =
    codeExpiresAt === undefined
      ? 'none; make one with: remote-kernels pair'
      : `valid until ${formatTime(codeExpiresAt)}`;
  const memory = memoryBytes === undefined ? '' : `; with its kernels ${formatBytes(memoryBytes)}`;
  return [
    ['Pairing code', code],
    ['Agent', agentPid === undefined ? 'not started' : `process ${agentPid}${memory}`],
  ];
}

function formatFrontDoor(status: DaemonStatus): Row[] {
  const { frontDoorPid } = status;
  return [
    ['Front door', frontDoorPid === undefined ? 'being started again' : formatProcess(status, frontDoorPid)],
  ];
}

function formatOtherProcesses(status: DaemonStatus): Row[] {
  const ofRole = (role: 'announcement' | 'pam') =>
    (status.processes ?? []).filter((one) => one.role === role).map(({ pid }) => formatProcess(status, pid));
  const [announcements, checks] = [ofRole('announcement'), ofRole('pam')];
  return [
    ...(announcements.length === 0 ? [] : ([['Announcing', announcements.join('; ')]] as const)),
    ...(checks.length === 0 ? [] : ([['Asking PAM', checks.join('; ')]] as const)),
  ];
}

/** Columns as wide as what stands in them: names of a directory can be long. */
function formatUsers({ users = [] }: DaemonStatus): string[] {
  if (users.length === 0) return [];
  const table = [
    ['USER', 'UID', 'SIGN-INS', 'AGENT', 'KERNELS', 'MEMORY'],
    ...users.map(({ name, uid, signIns, agentPid, kernels, memoryBytes }) => [
      toSingleLine(name, 64),
      String(uid),
      String(signIns),
      agentPid === undefined ? '-' : String(agentPid),
      kernels === undefined ? '-' : String(kernels),
      memoryBytes === undefined || memoryBytes === 0 ? '-' : formatBytes(memoryBytes),
    ]),
  ];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table.map(
    (cells) =>
      `  ${cells
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths?.[0] ?? 0) : cell.padStart(widths?.[column] ?? 0),
        )
        .join('  ')}`,
  );
}
