import { agentPaths } from '../../protocol/agent';
import { frontDoorPaths } from '../../protocol/front-door';
import { jupyterPaths } from '../../protocol/jupyter';

const known = [
  ...Object.values(frontDoorPaths),
  ...Object.values(agentPaths),
  ...Object.values(jupyterPaths),
];

/**
 * What the log says of a path that a stranger asked for: as far as it is one of the protocol's, and no more, since a client that is wrong or in a hurry
 * may put a password or a token into it.
 */
export function loggedPath(path: string): string {
  const isAt = (place: string) => path === place || path.startsWith(`${place}/`);
  const nearest = known.filter(isAt).reduce((one, other) => (other.length > one.length ? other : one), '');
  if (path === nearest) return path;
  return nearest === '' ? 'another path' : `${nearest}/…`;
}
