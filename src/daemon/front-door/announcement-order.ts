import { truncateUtf8 } from '../../protocol/announcement';

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
