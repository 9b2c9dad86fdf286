import type { Host } from '../../hosts/host';
import { loadingAfterMs } from './tree-model';

/** When the words of the tree change by time alone; absent when they do not. */
export function nextTickMs(hosts: readonly Host[], now: number): number | undefined {
  const times = hosts.flatMap((host) => hostTicks(host, now));
  return times.length === 0 ? undefined : Math.min(...times);
}

function hostTicks({ state, agent }: Host, now: number): number[] {
  if (state.kind === 'waiting') return [toNextSecond(state.retryAt - now)];
  if (state.kind !== 'connected') return [];
  const ticks: number[] = [];
  const loadingInMs = state.since + loadingAfterMs - now;
  if (loadingInMs > 0) ticks.push(loadingInMs);
  for (const kernel of agent.kernels.items) {
    const busyMs = kernel.state === 'busy' ? now - Date.parse(kernel.stateSince) : undefined;
    if (busyMs !== undefined) ticks.push(busyMs < 60_000 ? 1000 : 60_000 - (busyMs % 60_000));
  }
  return ticks;
}

/** Countdowns change when a full second is left. */
function toNextSecond(leftMs: number): number {
  const restMs = leftMs % 1000;
  return restMs > 0 ? restMs : 1000;
}
