import { isIPv6 } from 'node:net';

/** `192.168.1.7:7443`, `[::1]:7443`. */
export function formatAddress(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** The address that a client on this machine uses to reach a daemon that listens on these hosts, the first being the first choice. */
export function urlOf(hosts: readonly string[], port: number): string {
  const loopbackOf: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const [first = '127.0.0.1'] = hosts;
  return `https://${formatAddress(loopbackOf[first] ?? first, port)}`;
}
