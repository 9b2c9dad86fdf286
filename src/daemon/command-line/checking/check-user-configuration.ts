import { formatFileProblems, type FileProblem } from '../../configuration/json-file';
import { readSingleUserConfiguration } from '../../configuration/single-user-configuration-file';
import { readAgentFile } from '../../configuration/user-configuration';
import { fine, wrongAsSaid, type Finding } from './finding';

/** Where a user's own files are. */
export interface UserFiles {
  readonly daemon: string;
  readonly agent: string;
}

/** Reads the own files of the user of this process, as `serve --single-user` and the agent would. */
export async function checkUserConfiguration({ daemon, agent }: UserFiles): Promise<readonly Finding[]> {
  return [
    ...describe('your daemon', daemon, await readSingleUserConfiguration(daemon)),
    ...describe('your agent', agent, await readAgentFile(agent, 'anybody')),
  ];
}

function describe(
  subject: string,
  path: string,
  reading:
    | { readonly ok: true; readonly isDefault: boolean }
    | { readonly ok: false; readonly problems: readonly FileProblem[] },
): readonly Finding[] {
  if (!reading.ok)
    return reading.problems.map((problem) => wrongAsSaid(subject, formatFileProblems(path, [problem])));
  return [
    fine(subject, reading.isDefault ? `there is no ${path}; every key has its default` : `${path} is right`),
  ];
}
