import { nearestWord } from '../../base/nearest-word';
import { commands, type CommandDescription, type OptionDescription } from './commands';

/** What the words of a command line mean. */
export type CommandLine =
  | { readonly kind: 'version' }
  | { readonly kind: 'help'; readonly command?: CommandDescription }
  | { readonly kind: 'run'; readonly command: CommandDescription; readonly options: GivenOptions }
  | { readonly kind: 'fault'; readonly message: string; readonly command?: CommandDescription };

/** The options that were given. Only options of the command are in it. */
export interface GivenOptions {
  /** Whether a switch was given. */
  has(name: string): boolean;
  /** All values of an option, in their order. */
  values(name: string): readonly string[];
}

/** Reads a command line as GNU programs do: `--name value` or `--name=value`, in any order after the command. */
export function parseCommandLine(words: readonly string[]): CommandLine {
  const [first, second] = words;
  if (first === undefined) return { kind: 'help' };
  if (first === '--version' || first === '-V' || first === 'version') return { kind: 'version' };
  if (first === 'help') return helpAbout(words.slice(1).join(' '));
  if (first === '--help' || first === '-h') return { kind: 'help' };
  const command = findCommand(first, second);
  if (command === undefined) return unknownCommand(first, second);
  return parseOptions(command, words.slice(command.name.split(' ').length));
}

function helpAbout(name: string): CommandLine {
  if (name === '') return { kind: 'help' };
  const command = commands.find((candidate) => candidate.name === name);
  return command === undefined ? unknownCommand(name, undefined) : { kind: 'help', command };
}

function findCommand(first: string, second: string | undefined): CommandDescription | undefined {
  return (
    commands.find(({ name }) => name === first) ??
    commands.find(({ name }) => name === `${first} ${second ?? ''}`)
  );
}

function unknownCommand(first: string, second: string | undefined): CommandLine {
  const shown = commands.filter((command) => command.isInternal !== true).map(({ name }) => name);
  const continued = shown.find((name) => name.startsWith(`${first} `));
  if (continued !== undefined && (second === undefined || second.startsWith('-')))
    return second === '--help' || second === '-h'
      ? helpAbout(continued)
      : { kind: 'fault', message: `"${first}" needs another word: ${continued}` };
  const given = continued === undefined ? first : `${first} ${second ?? ''}`;
  return { kind: 'fault', message: `there is no command "${given}"${suggestion(given, shown)}` };
}

function parseOptions(command: CommandDescription, words: readonly string[]): CommandLine {
  const given = new Map<string, string[]>();
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--help' || word === '-h') return { kind: 'help', command };
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const option = command.options.find((candidate) => candidate.name === name);
    if (option === undefined) return { kind: 'fault', command, message: describeUnknown(command, name) };
    let value = equals < 0 ? undefined : word.slice(equals + 1);
    if (option.value !== undefined && value === undefined) {
      at += 1;
      value = words[at];
    }
    const message = faultOf(option, value, given.has(name));
    if (message !== undefined) return { kind: 'fault', command, message };
    given.set(name, [...(given.get(name) ?? []), value ?? '']);
  }
  return {
    kind: 'run',
    command,
    options: { has: (name) => given.has(name), values: (name) => given.get(name) ?? [] },
  };
}

function faultOf(
  option: OptionDescription,
  value: string | undefined,
  isRepeated: boolean,
): string | undefined {
  if (option.value === undefined && value !== undefined) return `${option.name} takes no value`;
  if (option.value !== undefined && (value === undefined || value === ''))
    return `${option.name} needs a value: ${option.name} ${option.value}`;
  if (isRepeated && option.isRepeatable !== true) return `${option.name} was given twice`;
  return undefined;
}

function describeUnknown(command: CommandDescription, word: string): string {
  if (!word.startsWith('-')) return `"${command.name}" takes no "${word}"`;
  const names = [...command.options.map(({ name }) => name), '--help'];
  return `"${command.name}" has no option ${word}${suggestion(word, names)}`;
}

/** `; did you mean …?` with the nearest known word, when it is near enough to be meant. */
function suggestion(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}
