import { formatAnnouncement, truncateUtf8 } from '../../protocol/announcement';
import type { AnnouncementOrder } from '../../protocol/announcer';
import { pinHint, type Pin } from '../../protocol/pin';
import { protocolVersion } from '../../protocol/version';
import { chooseAnnouncedInterfaces, listNetworkInterfaces } from '../platform/network-interfaces';

/** The daemon as it is announced. */
export interface AnnouncedDaemon {
  readonly name: string;
  readonly daemonId: string;
  readonly pin: Pin;
  readonly port: number;
  /** The addresses that it listens on. */
  readonly hosts: readonly string[];
}

/** What to announce with the network interfaces as they are now; `undefined` while there is none to announce on. */
export function announcementOrderOf(daemon: AnnouncedDaemon): AnnouncementOrder | undefined {
  const { name, daemonId, pin, port, hosts } = daemon;
  const chosen = chooseAnnouncedInterfaces(hosts, listNetworkInterfaces());
  if (chosen === undefined) return undefined;
  return {
    name: instanceNameOf(name),
    hostLabel: hostLabelOf(name, daemonId),
    port,
    text: formatAnnouncement({ id: daemonId, v: protocolVersion, fp: pinHint(pin), name }),
    interfaces: [...chosen.interfaces],
    addresses: [...chosen.addresses],
    isIPv4Only: chosen.isIPv4Only,
  };
}

/**
 * The first label of the SRV target: the name in letters, digits and hyphens (RFC 1123), and six digits of the daemon's id, so that it is a
 * name of its own beside the one that the system's responder gives the machine, and beside other users' daemons.
 */
export function hostLabelOf(name: string, daemonId: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return `${plain === '' ? 'host' : plain}-${daemonId.slice(0, 6)}`;
}

/** The instance's name as mDNS can carry it: UTF-8 of at most 63 bytes, with room for the ` (2)` of a conflict, and nothing unprintable. */
export function instanceNameOf(name: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this expression is about
  const clean = truncateUtf8(name.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim(), 57).trim();
  return clean === '' ? 'Remote Kernels' : clean;
}
