import { groupsWithEnvironmentRule } from '../../configuration/environment-rule';
import type { SystemConfiguration } from '../../configuration/system-configuration';
import { hasEntry } from '../installation/system-command';
import { doubtful, type Finding } from './finding';

/** Each name is asked for by a program of the system, and a directory can be slow. */
const maxNames = 100;

/** Whether the system knows a name; tests give another one. */
export type NameLookup = (database: 'passwd' | 'group', name: string) => Promise<boolean>;

/** Tells of users and groups that the configuration names and the system does not know: a rule for them has no effect. */
export async function checkNames(
  configuration: SystemConfiguration,
  isKnown: NameLookup = hasEntry,
): Promise<readonly Finding[]> {
  const { allowUsers = [], allowGroups = [], denyUsers, denyGroups, environments } = configuration;
  const named = [
    ...allowUsers.map((name) => ({ key: 'allowUsers', database: 'passwd', name }) as const),
    ...allowGroups.map((name) => ({ key: 'allowGroups', database: 'group', name }) as const),
    ...denyUsers.map((name) => ({ key: 'denyUsers', database: 'passwd', name }) as const),
    ...denyGroups.map((name) => ({ key: 'denyGroups', database: 'group', name }) as const),
    ...groupsWithEnvironmentRule(environments).map(
      (name) => ({ key: 'environments.groups', database: 'group', name }) as const,
    ),
  ];
  const findings: Finding[] = [];
  for (const { key, database, name } of named.slice(0, maxNames)) {
    if (await isKnown(database, name)) continue;
    const what = database === 'group' ? 'group' : 'account';
    findings.push(
      doubtful(
        'configuration',
        `"${key}": this system knows no ${what} "${name}"`,
        `correct the name, or take it out; to see what there is: getent ${database}`,
      ),
    );
  }
  if (named.length > maxNames)
    findings.push(
      doubtful('configuration', `only the first ${maxNames} of ${named.length} names were looked up`),
    );
  return findings;
}
