import { join } from 'node:path';
import {
  formatSystemConfigurationProblems,
  readSystemConfiguration,
} from '../../configuration/system-configuration-file';
import { describePortFault } from '../../platform/unprivileged-ports';
import { findPamFault } from '../many-users/pam-parts';
import type { InstallationPlaces } from './places';

/**
 * Looks for what would keep the installed daemon from starting with the configuration that is there, which may be older than this installation. A
 * service manager would say only that it has ended. Resolves with a sentence, or `undefined` when nothing is found.
 */
export async function findStartFault(
  { system }: InstallationPlaces,
  programFile: string,
): Promise<string | undefined> {
  const path = join(system.configuration, 'config.json');
  const reading = await readSystemConfiguration(path);
  if (!reading.ok) return formatSystemConfigurationProblems(reading.problems, path);
  return describePortFault(reading.value.port) ?? (await findPamFault(programFile));
}
