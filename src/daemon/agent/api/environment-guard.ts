import { agentPaths, type EnvironmentRule } from '../../../protocol/agent';
import { WireError } from '../../../protocol/errors';
import type { RouteGuard } from '../http/router';

const jobs = agentPaths.jobs.split('/').slice(1);
const environments = agentPaths.environments.split('/').slice(1);

/**
 * The one place where a request that changes environments, or has to do with jobs that do, is refused to a user whom the administrator lets only
 * list them. It looks at addresses and not at routes, so that no route can be forgotten. Throws {@link WireError} `environments-list-only`.
 */
export function environmentGuard(rule: () => EnvironmentRule | undefined, hostname: string): RouteGuard {
  return (method, segments) => {
    const isReading = method === 'GET' || method === 'HEAD';
    const isChange = isBelow(segments, jobs) || (isBelow(segments, environments) && !isReading);
    if (isChange && rule() === 'list')
      throw new WireError(
        'environments-list-only',
        `the administrator of ${hostname} lets you list environments and not change them; ask them for a change`,
        { environments: 'list' },
      );
  };
}

function isBelow(segments: readonly string[], place: readonly string[]): boolean {
  return place.every((part, at) => segments[at] === part);
}
