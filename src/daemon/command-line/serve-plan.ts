import { hostname } from 'node:os';
import type { LogLevel } from '../../base/logger';
import { failed, parsed, type Parsed } from '../../base/parse';
import { formatFileProblems, type FileProblem } from '../configuration/json-file';
import { readServeOptions, type ServeOptions } from '../configuration/serve-options';
import type { SingleUserConfiguration } from '../configuration/single-user-configuration';
import type { GivenOptions } from './parse-command-line';
import { readLevel, readServeWords } from './serve-process';

/** What a daemon is to be: its configuration file, with what the command line says instead. */
export interface ServePlan<C> {
  readonly configuration: C;
  /** The file; `undefined` where there is none. */
  readonly configurationFile?: string;
  readonly serve: ServeOptions;
  readonly isAnnounced: boolean;
  readonly logLevel: LogLevel;
}

/** The keys that the command line has words for. */
type ServeConfiguration = Pick<SingleUserConfiguration, 'name' | 'port' | 'listen' | 'announce' | 'logLevel'>;

/** What is known of a configuration file. */
export interface ConfigurationFile<C> {
  readonly path: string;
  readonly reading:
    | { readonly ok: true; readonly value: C; readonly isDefault: boolean }
    | { readonly ok: false; readonly problems: readonly FileProblem[] };
}

/**
 * Makes the plan. A file that cannot be used gives all that is wrong in it, one a line; so does one that is gone since the plan before: what it limited
 * would be open to all. Wrong words on the command line are told, or thrown as a `CommandError`.
 */
export function makeServePlan<C extends ServeConfiguration>(
  { path, reading }: ConfigurationFile<C>,
  given: GivenOptions,
  before?: ServePlan<C>,
): Parsed<ServePlan<C>> {
  const level = readLevel(given);
  if (!reading.ok) return failed(formatFileProblems(path, reading.problems));
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
  return parsed({
    configuration,
    ...(reading.isDefault ? {} : { configurationFile: path }),
    serve: serve.value,
    isAnnounced: configuration.announce && !given.has('--no-announce'),
    logLevel: level ?? configuration.logLevel,
  });
}
