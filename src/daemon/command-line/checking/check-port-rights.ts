import { describePortFault, readFirstUnprivilegedPort } from '../../platform/unprivileged-ports';
import { fine, wrongAsSaid, type Finding } from './finding';

const usualStart = 1024;

/** Looks whether a front door, which has no rights, may listen on this port. Says nothing of ports that everybody may have. */
export function checkPortRights(
  port: number,
  firstUnprivileged = readFirstUnprivilegedPort(),
): readonly Finding[] {
  const fault = describePortFault(port, firstUnprivileged);
  if (fault !== undefined) return [wrongAsSaid('port', fault)];
  if (port === 0 || port >= usualStart) return [];
  return [fine('port', `programs without rights may have ${port} on this system`)];
}
