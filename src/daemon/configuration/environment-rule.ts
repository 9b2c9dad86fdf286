import type { EnvironmentRule } from '../../protocol/agent';
import type { SystemConfiguration } from './system-configuration';

/**
 * What the administrator's file lets a user in these groups do with environments. A rule for one of the groups outweighs the default, and the
 * most permissive of several counts.
 */
export function environmentRuleFor(
  environments: SystemConfiguration['environments'],
  groups: readonly string[],
): EnvironmentRule {
  if (typeof environments === 'string') return environments;
  const ofGroups = Object.entries(environments.groups).filter(([group]) => groups.includes(group));
  if (ofGroups.length === 0) return environments.default;
  return ofGroups.some(([, rule]) => rule === 'administer') ? 'administer' : 'list';
}

/** The groups for which the file has a rule. */
export function groupsWithEnvironmentRule(environments: SystemConfiguration['environments']): string[] {
  return typeof environments === 'string' ? [] : Object.keys(environments.groups);
}
