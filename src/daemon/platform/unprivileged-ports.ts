import { readFileSync } from 'node:fs';

/** Where Linux says it for the network namespace of who reads (ip-sysctl, `ip_unprivileged_port_start`). */
const portStartFile = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
/** Where the system says nothing else. */
const usualStart = 1024;

/** The first port on which a program without rights may listen. */
export function readFirstUnprivilegedPort(file = portStartFile): number {
  try {
    const number = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return Number.isNaN(number) ? usualStart : number;
  } catch {
    // No such file before Linux 4.11 and on other systems, where the number is the usual one.
    return usualStart;
  }
}

/**
 * Why a part that runs without rights cannot listen on this port, with what to do, in a sentence; `undefined` when it can. Port 0 takes a free
 * one.
 */
export function describePortFault(
  port: number,
  firstUnprivileged = readFirstUnprivilegedPort(),
): string | undefined {
  if (port === 0 || port >= firstUnprivileged) return undefined;
  return `port ${port} is below ${firstUnprivileged}, and the part with the network runs without rights; use a port from ${firstUnprivileged} on, redirect ${port} to it, or let programs without rights have it; run: sysctl -w net.ipv4.ip_unprivileged_port_start=${port}`;
}
