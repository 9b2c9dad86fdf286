import { hostname } from 'node:os';
import { join } from 'node:path';
import type { LogLevel } from '../../../base/logger';
import { failed, parsed, type Parsed } from '../../../base/parse';
import { readServeOptions, type ServeOptions } from '../../configuration/serve-options';
import type { SystemConfiguration } from '../../configuration/system-configuration';
import {
  formatSystemConfigurationProblems,
  readSystemConfiguration,
} from '../../configuration/system-configuration-file';
import type { SystemPaths } from '../../configuration/system-paths';
import { describePortFault } from '../../platform/unprivileged-ports';
import type { GivenOptions } from '../parse-command-line';
import { readLevel, readServeWords } from '../serve-process';

/** What the daemon of many users is to be: the administrator's file, with what the command line says instead. */
export interface ManyUsersPlan {
  readonly configuration: SystemConfiguration;
  /** The administrator's file; `undefined` where there is none. */
  readonly configurationFile?: string;
  readonly serve: ServeOptions;
  readonly isAnnounced: boolean;
  readonly logLevel: LogLevel;
}

/**
 * Reads the plan. A file that cannot be used gives all that is wrong in it, one a line; so does one that is gone since the plan before: what it limited
 * would be open to all. Wrong words on the command line throw a `CommandError`.
 */
export async function readPlan(
  paths: SystemPaths,
  given: GivenOptions,
  before?: ManyUsersPlan,
): Promise<Parsed<ManyUsersPlan>> {
  const level = readLevel(given);
  const path = join(paths.configuration, 'config.json');
  const reading = await readSystemConfiguration(path);
  if (!reading.ok) return failed(formatSystemConfigurationProblems(reading.problems, path));
  if (reading.isDefault && before?.configurationFile !== undefined)
    return failed(`${path}: it is not there any more; to go on with every default put a file with {} there`);
  const configuration = reading.value;
  const words = readServeWords(given);
  const name = words.name ?? configuration.name;
  const serve = readServeOptions(
    {
      port: words.port ?? String(configuration.port),
      listen: words.listen.length > 0 ? words.listen : configuration.listen,
      ...(name === undefined ? {} : { name }),
    },
    hostname(),
  );
  if (!serve.ok) return serve;
  // Told here and not by the front door, so that a reload with such a port leaves the one before in use.
  const portFault = describePortFault(serve.value.port);
  if (portFault !== undefined) return failed(portFault);
  return parsed({
    configuration,
    ...(reading.isDefault ? {} : { configurationFile: path }),
    serve: serve.value,
    isAnnounced: configuration.announce && !given.has('--no-announce'),
    logLevel: level ?? configuration.logLevel,
  });
}
