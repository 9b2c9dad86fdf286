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
  readonly serve: ServeOptions;
  readonly isAnnounced: boolean;
  readonly logLevel: LogLevel;
}

/** Reads the plan. A file that cannot be used gives all that is wrong in it, one a line; wrong words on the command line throw a `CommandError`. */
export async function readPlan(paths: SystemPaths, given: GivenOptions): Promise<Parsed<ManyUsersPlan>> {
  const level = readLevel(given);
  const path = join(paths.configuration, 'config.json');
  const reading = await readSystemConfiguration(path);
  if (!reading.ok) return failed(formatSystemConfigurationProblems(reading.problems, path));
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
    serve: serve.value,
    isAnnounced: configuration.announce && !given.has('--no-announce'),
    logLevel: level ?? configuration.logLevel,
  });
}
