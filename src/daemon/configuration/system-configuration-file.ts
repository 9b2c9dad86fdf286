import { formatFileProblems, readJsonFile, type FileProblem } from './json-file';
import {
  systemConfigurationPath,
  systemConfigurationSchema,
  type SystemConfiguration,
} from './system-configuration';

/** What reading the administrator's file gives. `isDefault` says that there is no file, and every key has its default. */
export type SystemConfigurationReading =
  | { readonly ok: true; readonly value: SystemConfiguration; readonly isDefault: boolean }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/**
 * Reads the administrator's file. It must belong to root and be writable by nobody else. All that is wrong is told, not only the first; it
 * never rejects for something in the file.
 */
export async function readSystemConfiguration(
  path: string = systemConfigurationPath,
): Promise<SystemConfigurationReading> {
  const reading = await readJsonFile(path, systemConfigurationSchema, { writers: 'root' });
  return reading.ok ? { ok: true, value: reading.value, isDefault: reading.isDefault } : reading;
}

/** The problems as lines for a person, each with the file, the line and the column. */
export function formatSystemConfigurationProblems(
  problems: readonly FileProblem[],
  path: string = systemConfigurationPath,
): string {
  return formatFileProblems(path, problems);
}
