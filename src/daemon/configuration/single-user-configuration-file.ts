import { join } from 'node:path';
import { readJsonFile, type FileProblem } from './json-file';
import { keysBesideSingleUser } from './keys-elsewhere';
import { singleUserConfigurationSchema, type SingleUserConfiguration } from './single-user-configuration';
import { userConfigurationFolder } from './user-configuration-folder';

/** What reading the user's file for the daemon gives. `isDefault` says that there is no file, and every key has its default. */
export type SingleUserConfigurationReading =
  | { readonly ok: true; readonly value: SingleUserConfiguration; readonly isDefault: boolean }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** The user's file for the daemon of that user. */
export function singleUserConfigurationPath(homeFolder: string, variables: NodeJS.ProcessEnv): string {
  return join(userConfigurationFolder(homeFolder, variables), 'config.json');
}

/**
 * Reads it. The file must belong to the user of this process, or to root, and be writable by nobody else: it says who can reach this machine. All that is
 * wrong is told, not only the first; it never rejects for something in the file.
 */
export async function readSingleUserConfiguration(path: string): Promise<SingleUserConfigurationReading> {
  const reading = await readJsonFile(path, singleUserConfigurationSchema, {
    writers: 'user',
    keysElsewhere: keysBesideSingleUser,
  });
  return reading.ok ? { ok: true, value: reading.value, isDefault: reading.isDefault } : reading;
}
