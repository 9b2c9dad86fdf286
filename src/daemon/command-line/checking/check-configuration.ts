import { dirname, join } from 'node:path';
import { formatFileProblems } from '../../configuration/json-file';
import { readSystemConfiguration } from '../../configuration/system-configuration-file';
import type { SystemConfiguration } from '../../configuration/system-configuration';
import { ConfigurationError, readUserConfiguration } from '../../configuration/user-configuration';
import { fine, unseen, wrongAsSaid, type CheckedHost, type Finding } from './finding';

/** What is found in the administrator's file, and what it says if it can be used. */
export interface CheckedConfiguration {
  readonly findings: readonly Finding[];
  readonly value?: SystemConfiguration;
}

const subject = 'configuration';

/** Reads the administrator's file as the daemon would. */
export async function checkConfiguration({ paths, isRoot }: CheckedHost): Promise<CheckedConfiguration> {
  const path = join(paths.configuration, 'config.json');
  const reading = await readSystemConfiguration(path);
  if (reading.ok) {
    const message = reading.isDefault ? `there is no ${path}; every key has its default` : `${path} is right`;
    return { findings: [fine(subject, message)], value: reading.value };
  }
  if (!isRoot && reading.problems.some(({ message }) => message.includes('EACCES')))
    return { findings: [unseen(subject, path)] };
  return {
    findings: reading.problems.map((problem) => wrongAsSaid(subject, formatFileProblems(path, [problem]))),
  };
}

/** Reads the administrator's file for everybody's agents, in the same folder. */
export async function checkAgentConfiguration({ paths }: CheckedHost): Promise<readonly Finding[]> {
  const path = join(paths.configuration, 'agent.json');
  try {
    // The user's own file is not this host's concern: a place below the file itself, which holds none.
    await readUserConfiguration(join(dirname(path), 'agent.json', 'none'), path);
    return [fine('agents', `nothing in ${path} keeps agents from starting`)];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.message.split('\n').map((line) => wrongAsSaid('agents', line));
  }
}
