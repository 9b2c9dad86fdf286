import type { Logger } from '../../../base/logger';
import type { KeeperOrder, KeeperRecord, KeeperState } from '../../../protocol/keeper';
import { startKeeper, type StartedKeeper } from './keeper-process';

/** Gives a kernel whose keeper died another keeper. It notes the gap, of which nobody can know what the kernel sent. */
export function adoptKernel(program: string, record: KeeperRecord, logger: Logger): Promise<StartedKeeper> {
  if (record.kernel === undefined) throw new Error('a kernel without a process cannot be adopted');
  const order: KeeperOrder = {
    ...record.order,
    settings: { ...record.order.settings, session: record.session ?? null },
    adopt: {
      pid: record.kernel.pid,
      processStartTime: record.kernel.processStartTime,
      startedAt: record.startedAt,
      gaps: record.gaps,
      restarts: record.restarts,
    },
  };
  return startKeeper(program, order, logger);
}

/** What can be said of a kernel by its record alone, until its keeper has answered. */
export function toLastKnownState(record: KeeperRecord): KeeperState {
  return {
    kernelId: record.order.kernelId,
    state: 'starting',
    stateSince: record.startedAt,
    keeperPid: record.keeperPid,
    ...(record.kernel === undefined ? {} : { pid: record.kernel.pid }),
    startedAt: record.startedAt,
    lastActivity: record.startedAt,
    connections: 0,
    restarts: record.restarts,
    badSignatures: 0,
    gaps: record.gaps,
    ...(record.session === undefined ? {} : { session: record.session }),
    transport: record.order.transport,
  };
}

/** A kernel that runs without a keeper: nobody can reach it until it has another one. */
export function toUnreachableState(last: KeeperState): KeeperState {
  if (last.state === 'starting') return last;
  return { ...last, state: 'starting', stateSince: new Date().toISOString(), connections: 0 };
}

/** A kernel that ended together with its keeper: nobody was there to read its exit code. */
export function toAbandonedState(last: KeeperState): KeeperState {
  const at = new Date().toISOString();
  const { memoryBytes } = last;
  return {
    ...withoutProcess(last),
    state: 'dead',
    stateSince: at,
    connections: 0,
    exit: { at, ...(memoryBytes === undefined ? {} : { lastMemoryBytes: memoryBytes }) },
  };
}

function withoutProcess(state: KeeperState): KeeperState {
  const rest = { ...state };
  delete rest.pid;
  delete rest.memoryBytes;
  return rest;
}
