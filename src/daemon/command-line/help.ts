import { commands, type CommandDescription } from './commands';

/** The help of the program, or of one command with its options and an example. */
export function formatHelp(command?: CommandDescription): string {
  return command === undefined ? formatProgramHelp() : formatCommandHelp(command);
}

function formatProgramHelp(): string {
  const shown = commands.filter((command) => command.isInternal !== true);
  const width = Math.max(...shown.map(({ name }) => name.length));
  return [
    'remote-kernels: run notebooks on this host from an editor elsewhere.',
    '',
    'Usage: remote-kernels COMMAND [OPTION…]',
    '',
    ...shown.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    '  --version, --help; "remote-kernels COMMAND --help" says more.',
    '',
    'Example:',
    '  remote-kernels serve --single-user',
    '',
  ].join('\n');
}

function formatCommandHelp(command: CommandDescription): string {
  const options = [
    ...command.options.map(({ name, value, words }) => ({
      left: value === undefined ? name : `${name} ${value}`,
      words,
    })),
    { left: '--help', words: 'show this' },
  ];
  const width = Math.max(...options.map(({ left }) => left.length));
  return [
    `Usage: remote-kernels ${command.name} [OPTION…]`,
    '',
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    ...command.details,
    '',
    ...options.map(({ left, words }) => `  ${left.padEnd(width)}  ${words}`),
    '',
    'Example:',
    ...command.example.map((line) => `  ${line}`),
    '',
  ].join('\n');
}
