import type { DaemonStatus, ProcessReport } from '../../../protocol/daemon-control';

type Reported = Extract<ProcessReport, { kind: 'process' }>;
type User = NonNullable<DaemonStatus['users']>[number];

/** What runs, as far as it could be read. */
export interface Usage {
  readonly processes: readonly Reported[];
  /** With shared pages counted in parts, for as many of the processes as the system said it. */
  readonly proportionalBytes: ReadonlyMap<number, number>;
  readonly isComplete: boolean;
}

/** The lines of the command `processes` put together. */
export function collectUsage(reports: readonly ProcessReport[]): Usage {
  const proportionalBytes = new Map<number, number>();
  for (const report of reports)
    if (report.kind === 'memory') proportionalBytes.set(report.pid, report.proportionalBytes);
  return {
    processes: reports.filter((report) => report.kind === 'process'),
    proportionalBytes,
    isComplete: reports.some(({ kind }) => kind === 'complete'),
  };
}

/** The status with what runs: processes of the daemon, and what each user has. `nameOf` gives the names of users without a sign-in. */
export function addUsage(status: DaemonStatus, usage: Usage, nameOf: (uid: number) => string): DaemonStatus {
  const incomplete = usage.isComplete ? {} : { isIncomplete: true };
  const processes = daemonProcesses(status, usage);
  if (status.users === undefined) {
    const own = usage.processes.filter(
      ({ mode }) => mode === undefined || mode === 'agent' || mode === 'keeper',
    );
    return { ...status, processes, memoryBytes: sumOf(own, usage), ...incomplete };
  }
  const signedIn = new Set(status.users.map(({ uid }) => uid));
  const others = [...new Set(usersWithProcesses(usage))].filter((uid) => !signedIn.has(uid));
  const users: User[] = [...status.users, ...others.map((uid) => ({ name: nameOf(uid), uid, signIns: 0 }))];
  return {
    ...status,
    processes,
    users: users.map((user) => ({ ...user, ...usageOf(user.uid, usage) })).sort(byName),
    ...incomplete,
  };
}

/** The users who have an agent or kernels here. */
export function usersWithProcesses({ processes }: Usage): readonly number[] {
  return processes
    .filter(({ mode }) => mode === 'agent' || mode === 'keeper')
    .map(({ ownerUid }) => ownerUid);
}

function usageOf(uid: number, usage: Usage): Partial<User> {
  const own = usage.processes.filter(
    ({ ownerUid, mode }) => ownerUid === uid && (mode === undefined || mode === 'agent' || mode === 'keeper'),
  );
  const agentPid = own.find(({ mode }) => mode === 'agent')?.pid;
  return {
    ...(agentPid === undefined ? {} : { agentPid }),
    kernels: own.filter(({ mode }) => mode === 'keeper').length,
    memoryBytes: sumOf(own, usage),
  };
}

/** The processes that the daemon itself named, and their children: what others call themselves does not count. */
function daemonProcesses(status: DaemonStatus, usage: Usage): NonNullable<DaemonStatus['processes']> {
  const { pid, frontDoorPid } = status;
  const describe = (role: NonNullable<DaemonStatus['processes']>[number]['role'], one: number) => {
    const found = usage.processes.find((candidate) => candidate.pid === one);
    return { role, pid: one, ...(found === undefined ? {} : { memoryBytes: bytesOf(found, usage) }) };
  };
  const childrenOf = (parent: number | undefined, mode: Reported['mode']) =>
    usage.processes.filter((one) => one.parentPid === parent && one.mode === mode).map((one) => one.pid);
  return [
    describe(status.users === undefined ? 'daemon' : 'supervisor', pid),
    ...(frontDoorPid === undefined ? [] : [describe('front-door', frontDoorPid)]),
    ...childrenOf(frontDoorPid ?? pid, 'announce').map((one) => describe('announcement', one)),
    ...childrenOf(pid, 'pam').map((one) => describe('pam', one)),
  ];
}

function sumOf(processes: readonly Reported[], usage: Usage): number {
  return processes.reduce((sum, one) => sum + bytesOf(one, usage), 0);
}

function bytesOf({ pid, residentBytes }: Reported, { proportionalBytes }: Usage): number {
  return proportionalBytes.get(pid) ?? residentBytes;
}

function byName(one: User, other: User): number {
  return one.name.localeCompare(other.name) || one.uid - other.uid;
}
