import type { KernelState } from '../../protocol/jupyter';

/**
 * Where a kernel is in its life. While it runs it is busy with a set of requests: one request that ends does not make it idle while another
 * is still worked on, and requests on the control channel, which run beside the others, are never in it.
 */
export type KernelPhase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly busyWith: ReadonlySet<string> }
  | { readonly kind: 'restarting' }
  | { readonly kind: 'dead' };

/** What can happen to a kernel. */
export type KernelEvent =
  /** A status message of the kernel. `request` is the id of its parent, empty when it has none. */
  | { readonly kind: 'status'; readonly state: string; readonly request: string; readonly isControl: boolean }
  /** It answers. `busyWith` are requests of which the end was not seen: an adopted kernel may be in the middle of a cell. */
  | { readonly kind: 'ready'; readonly busyWith?: readonly string[] }
  | { readonly kind: 'restart' }
  /** Its process ended without being asked, or never answered. */
  | { readonly kind: 'end' };

/** A kernel that was not started yet. */
export const initialPhase: KernelPhase = { kind: 'starting' };

/** The phase after an event. An event that means nothing in this phase gives the same object back. */
export function nextPhase(phase: KernelPhase, event: KernelEvent): KernelPhase {
  switch (event.kind) {
    case 'ready':
      return phase.kind === 'dead' ? phase : { kind: 'running', busyWith: new Set(event.busyWith ?? []) };
    case 'restart':
      return phase.kind === 'restarting' ? phase : { kind: 'restarting' };
    case 'end':
      return phase.kind === 'dead' ? phase : { kind: 'dead' };
    case 'status':
      return phase.kind === 'running' && !event.isControl ? afterStatus(phase, event) : phase;
  }
}

function afterStatus(
  phase: Extract<KernelPhase, { kind: 'running' }>,
  { state, request }: Extract<KernelEvent, { kind: 'status' }>,
): KernelPhase {
  const isBusyWithIt = phase.busyWith.has(request);
  if (state === 'busy' && !isBusyWithIt)
    return { kind: 'running', busyWith: new Set([...phase.busyWith, request]) };
  if (state === 'idle' && isBusyWithIt)
    return { kind: 'running', busyWith: new Set([...phase.busyWith].filter((other) => other !== request)) };
  return phase;
}

/** The state as Jupyter knows it. */
export function stateOf(phase: KernelPhase): KernelState {
  if (phase.kind !== 'running') return phase.kind;
  return phase.busyWith.size > 0 ? 'busy' : 'idle';
}
