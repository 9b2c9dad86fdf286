import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { systemErrorCode, toError } from '../../base/errors';
import { parseJson, parserOf } from '../../base/parse';
import { agentConfigurationSchema } from './agent-configuration';
import type { FileWriters } from './file-writers';
import { formatFileProblems, readJsonFile, type FileProblem, type JsonFileReading } from './json-file';
import { keysOfDaemon } from './keys-elsewhere';
import { systemConfigurationPath, systemConfigurationSchema } from './system-configuration';
import { userConfigurationFolder } from './user-configuration-folder';

/** What is configured for one user's agent. */
export type UserConfiguration = Readonly<v.InferOutput<typeof agentConfigurationSchema>>;

/** A configuration file that cannot be used. The message has a line for each problem, with the file and the place in it. */
export class ConfigurationError extends Error {
  constructor(path: string, problems: readonly FileProblem[]) {
    super(formatFileProblems(path, problems));
    this.name = 'ConfigurationError';
  }
}

/** The administrator's file for everybody's agents. */
export const systemUserConfigurationPath = '/etc/remote-kernels/agent.json';

/** The user's own file. */
export function userConfigurationPath(homeFolder: string, variables: NodeJS.ProcessEnv): string {
  return join(userConfigurationFolder(homeFolder, variables), 'agent.json');
}

/**
 * Reads the administrator's file for agents and the user's. The user's wins except for `maxKernels`, where the lower number counts, since the
 * limit is the administrator's. An unknown key is refused: a mistyped limit must not be a missing one. Throws {@link ConfigurationError};
 * absent files mean the defaults.
 */
export async function readUserConfiguration(
  userPath: string,
  systemPath: string = systemUserConfigurationPath,
): Promise<UserConfiguration> {
  const system = await expectValid(systemPath, 'root');
  const user = await expectValid(userPath, 'anybody');
  const merged = v.parse(agentConfigurationSchema, { ...system.given, ...user.given });
  return withKernelLimit(withKernelLimit(merged, system.value.maxKernels), user.value.maxKernels);
}

/** The configuration with no more kernels than the limit; without a limit it is the same. */
export function withKernelLimit(
  configuration: UserConfiguration,
  limit: number | undefined,
): UserConfiguration {
  if (limit === undefined) return configuration;
  return { ...configuration, maxKernels: Math.min(limit, configuration.maxKernels ?? limit) };
}

/** What the file of the daemon of many users says about how many kernels a user can have. */
export interface SystemKernelLimit {
  readonly maxKernels?: number;
  /** Why the file could not be used; for the log. */
  readonly problem?: string;
}

/**
 * Reads `maxKernelsPerUser`, which counts for every agent of the host. A fault in that file stops no agent and is only told: it is the
 * daemon's file, the daemon and `remote-kernels check` say what is wrong with it, and the administrator may keep it from being read by users
 * because of the names in it. Only this one key is looked at, so that a fault elsewhere in the file does not lift the limit.
 */
export async function readSystemKernelLimit(
  path: string = systemConfigurationPath,
): Promise<SystemKernelLimit> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? {} : { problem: toError(error).message };
  }
  const result = parseJson(text.replace(/^\ufeff/, ''), parseKernelLimit);
  if (!result.ok) return { problem: `${path}: ${result.error.message}` };
  const { maxKernelsPerUser } = result.value;
  return maxKernelsPerUser === undefined ? {} : { maxKernels: maxKernelsPerUser };
}

const parseKernelLimit = parserOf(
  'configuration',
  v.object({ maxKernelsPerUser: systemConfigurationSchema.entries.maxKernelsPerUser }),
);

/** Reads one file for agents, the administrator's or a user's. It never rejects for something in the file. */
export function readAgentFile(
  path: string,
  writers: FileWriters,
): Promise<JsonFileReading<UserConfiguration>> {
  return readJsonFile(path, agentConfigurationSchema, { writers, keysElsewhere: keysOfDaemon });
}

async function expectValid(
  path: string,
  writers: FileWriters,
): Promise<Extract<JsonFileReading<UserConfiguration>, { ok: true }>> {
  const reading = await readAgentFile(path, writers);
  if (!reading.ok) throw new ConfigurationError(path, reading.problems);
  return reading;
}
