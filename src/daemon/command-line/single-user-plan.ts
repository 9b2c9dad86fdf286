import { hostname } from 'node:os';
import type { Parsed } from '../../base/parse';
import { exitCodes } from '../../protocol/command-line';
import { findLoginFolder } from '../agent/kernels/working-directory';
import { readServeOptions } from '../configuration/serve-options';
import type { SingleUserConfiguration } from '../configuration/single-user-configuration';
import {
  readSingleUserConfiguration,
  singleUserConfigurationPath,
} from '../configuration/single-user-configuration-file';
import { userConfigurationPath } from '../configuration/user-configuration';
import { readUser } from '../platform/users';
import type { GivenOptions } from './parse-command-line';
import { makeServePlan, type ServePlan } from './serve-plan';
import { readServeWords } from './serve-process';
import { CommandError } from './terminal';

/** What the daemon of one user is to be: the user's file, with what the command line says instead. */
export type SingleUserPlan = ServePlan<SingleUserConfiguration>;

/** Where the files of this user are, for the daemon and for the agent. A home that cannot be entered has none. */
export async function findUserFiles(): Promise<{ readonly daemon: string; readonly agent: string }> {
  const { folder } = await findLoginFolder(readUser().homeFolder);
  return {
    daemon: singleUserConfigurationPath(folder, process.env),
    agent: userConfigurationPath(folder, process.env),
  };
}

/** Reads the plan as {@link makeServePlan} makes it. Wrong words on the command line throw a {@link CommandError}, whatever the file says. */
export async function readSingleUserPlan(
  path: string,
  given: GivenOptions,
  before?: SingleUserPlan,
): Promise<Parsed<SingleUserPlan>> {
  const words = readServeOptions(readServeWords(given), hostname());
  if (!words.ok) throw new CommandError(words.error.message, exitCodes.usage);
  return makeServePlan({ path, reading: await readSingleUserConfiguration(path) }, given, before);
}
