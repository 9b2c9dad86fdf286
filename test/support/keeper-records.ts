import type { ProcessIdentity } from '../../src/daemon/platform/processes';
import type { KeeperRecord } from '../../src/protocol/keeper';

/** Numbers that no process has. */
export const goneProcess: ProcessIdentity = { pid: 2 ** 22 + 1, startTime: '1' };

/** What a test's record of a kernel says; the rest is that of a kernel of Python which was started by ipykernel. */
export interface RecordedKernel {
  readonly kernelId: string;
  /** The kernel's own folder. */
  readonly stateFolder: string;
  readonly socketFolder: string;
  readonly keeper: ProcessIdentity;
  readonly kernel?: ProcessIdentity | undefined;
  /** `now` by default. */
  readonly bootId?: string | undefined;
}

/** A keeper's record. */
export function keeperRecord(recorded: RecordedKernel): KeeperRecord {
  const { kernelId, stateFolder, socketFolder, keeper, kernel, bootId = 'now' } = recorded;
  return {
    order: {
      kernelId,
      argv: ['python'],
      variables: {},
      workingDirectory: '/',
      transport: 'ipc',
      interruptMode: 'signal',
      environmentName: 'e',
      kernelspecName: 'python3',
      launcher: 'ipykernel',
      language: 'python',
      stateFolder,
      socketFolder,
      startTimeoutMs: 5000,
      settings: {},
    },
    bootId,
    keeperPid: keeper.pid,
    keeperStartTime: keeper.startTime,
    socket: `${socketFolder}/k`,
    connectionFile: `${socketFolder}/k.json`,
    ...(kernel === undefined ? {} : { kernel: { pid: kernel.pid, processStartTime: kernel.startTime } }),
    startedAt: new Date(0).toISOString(),
    restarts: 0,
    gaps: [],
  };
}
