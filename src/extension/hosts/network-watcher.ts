import { networkInterfaces } from 'node:os';
import type { Disposable } from '../../base/disposable';
import type { Clock } from '../../base/time';

const pollIntervalMs = 5_000;
/** A timer that comes this much too late has slept with the computer. */
const sleepThresholdMs = 15_000;

/** What the network of this machine looks like, as one comparable text. */
export type ReadNetwork = () => string;

/**
 * Calls back when the addresses of this machine change or the computer has slept: Node tells of neither, so both are looked at every few
 * seconds. Disposing it stops that.
 */
export function watchNetwork(
  clock: Clock,
  onChange: (reason: 'network' | 'sleep') => void,
  read: ReadNetwork = readNetwork,
): Disposable {
  let known = read();
  let lookedAt = clock.now();
  let cancel = clock.schedule(pollIntervalMs, look);
  let isDisposed = false;
  function look() {
    if (isDisposed) return;
    const now = clock.now();
    const current = read();
    const hasSlept = now - lookedAt > pollIntervalMs + sleepThresholdMs;
    const hasChanged = current !== known;
    known = current;
    lookedAt = now;
    cancel = clock.schedule(pollIntervalMs, look);
    if (hasSlept) onChange('sleep');
    else if (hasChanged) onChange('network');
  }
  return {
    dispose() {
      isDisposed = true;
      cancel();
    },
  };
}

/** Names and addresses of all interfaces that are up. */
export function readNetwork(): string {
  const lines: string[] = [];
  for (const [interfaceName, addresses] of Object.entries(networkInterfaces())) {
    for (const { address } of addresses ?? []) lines.push(`${interfaceName} ${address}`);
  }
  return lines.sort().join('\n');
}
