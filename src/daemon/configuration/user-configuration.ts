import { open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { systemErrorCode } from '../../base/errors';
import { failed, parsed, parseJson, parserOf, type Parsed } from '../../base/parse';

const userConfigurationSchema = v.strictObject({
  /** How many kernels the user can have at the same time; dead ones do not count. */
  maxKernels: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000))),
  /** How long the agent stays after the last use. Kernels stay in any case. */
  agentGraceSeconds: v.optional(v.pipe(v.number(), v.minValue(0.05), v.maxValue(31_536_000)), 600),
  /** How long a kernel may take until it answers. */
  kernelStartSeconds: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(3600)), 60),
  /** Variables that a Jupyter client may set for its kernel besides those named `KERNEL_…`. */
  clientVariables: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not the name of a variable')))),
    [],
  ),
  logLevel: v.optional(v.picklist(['trace', 'debug', 'info', 'warn', 'error']), 'info'),
});

/** What is configured for one user's agent. */
export type UserConfiguration = Readonly<v.InferOutput<typeof userConfigurationSchema>>;

/** Reads the content of a configuration file. Unknown keys are refused: a mistyped limit must not be a missing one. */
export const parseUserConfiguration = parserOf('configuration', userConfigurationSchema);

/** A configuration file that cannot be used. The message names the file and what is wrong in it. */
export class ConfigurationError extends Error {
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.name = 'ConfigurationError';
  }
}

/** The administrator's file for everybody's agents. */
export const systemUserConfigurationPath = '/etc/remote-kernels/agent.json';

/** The user's own file, below `XDG_CONFIG_HOME` where that is set. */
export function userConfigurationPath(homeFolder: string, variables: NodeJS.ProcessEnv): string {
  const configured = variables.XDG_CONFIG_HOME;
  const folder =
    configured !== undefined && isAbsolute(configured) ? configured : join(homeFolder, '.config');
  return join(folder, 'remote-kernels', 'agent.json');
}

/**
 * Reads the administrator's file and the user's. The user's wins except for `maxKernels`, where the lower number counts, since the limit is the
 * administrator's. Throws {@link ConfigurationError}; absent files mean the defaults.
 */
export async function readUserConfiguration(
  userPath: string,
  systemPath: string = systemUserConfigurationPath,
): Promise<UserConfiguration> {
  const system = await readObject(systemPath, true);
  const user = await readObject(userPath, false);
  const merged = expectValid(userPath, { ...system, ...user });
  const limit = Math.min(
    expectValid(systemPath, system).maxKernels ?? Infinity,
    merged.maxKernels ?? Infinity,
  );
  return Number.isFinite(limit) ? { ...merged, maxKernels: limit } : merged;
}

async function readObject(path: string, isSystem: boolean): Promise<object> {
  const text = await readText(path, isSystem);
  if (text === undefined) return {};
  const result = parseJson(text, parseObject);
  if (!result.ok) throw new ConfigurationError(path, result.error.message);
  expectValid(path, result.value);
  return result.value;
}

/** A list is an object too, with none of the keys that would be refused. */
function parseObject(input: unknown): Parsed<object> {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
    ? parsed(input)
    : failed('the configuration is not an object');
}

async function readText(path: string, isSystem: boolean): Promise<string | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const found = await file.stat();
      if (isSystem && (found.uid !== 0 || (found.mode & 0o022) !== 0))
        throw new ConfigurationError(path, 'it must belong to root and be writable by nobody else');
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error instanceof ConfigurationError || code === undefined
      ? error
      : new ConfigurationError(path, `it cannot be read (${code})`);
  }
}

function expectValid(path: string, value: object): UserConfiguration {
  const result = parseUserConfiguration(value);
  if (!result.ok) throw new ConfigurationError(path, result.error.message);
  return result.value;
}
