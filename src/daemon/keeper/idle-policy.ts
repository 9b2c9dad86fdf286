import type { KernelState } from '../../protocol/jupyter';

/** A dead kernel is kept that long, so that its clients can see why it ended. */
export const deadForMs = 24 * 3600_000;

/** What decides whether a keeper goes on. Times in milliseconds since the epoch. */
export interface IdleFacts {
  readonly now: number;
  readonly state: KernelState;
  readonly stateSince: number;
  readonly lastActivity: number;
  /** When the last client went away. */
  readonly lastClient: number;
  readonly connections: number;
  /** `undefined`: an idle kernel is kept for ever. */
  readonly keepIdleForMs: number | undefined;
}

/** End now, look again after a while, or (absent) nothing ends it until something changes. */
export type IdleDecision =
  | { readonly kind: 'end'; readonly reason: string }
  | { readonly kind: 'wait'; readonly timeMs: number }
  | undefined;

/** Decides whether a kernel that nobody uses is ended: never while it works or starts, and never while a client is connected. */
export function decideIdle(facts: IdleFacts): IdleDecision {
  const { now, state, keepIdleForMs } = facts;
  if (state === 'dead')
    return endOrWait(facts.stateSince + deadForMs - now, 'the kernel has been dead for a day');
  if (keepIdleForMs === undefined || state !== 'idle' || facts.connections > 0) return undefined;
  const idleSince = Math.max(facts.lastActivity, facts.lastClient, facts.stateSince);
  return endOrWait(
    idleSince + keepIdleForMs - now,
    `idle for ${keepIdleForMs / 3600_000} h, as its settings say`,
  );
}

function endOrWait(leftMs: number, reason: string): IdleDecision {
  return leftMs <= 0 ? { kind: 'end', reason } : { kind: 'wait', timeMs: leftMs };
}
