/** What a command ends with when it cannot do its work: words for a person, the next step among them, and an exit code of sysexits(3). */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CommandError';
  }
}

/** Prints a line for a program on standard output. */
export function printResult(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints words for a person on standard error. */
export function printWords(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A reader that goes away must not end a daemon: what cannot be printed is dropped. */
export function ignoreClosedOutputs(): void {
  const drop = () => undefined;
  process.stdout.on('error', drop);
  process.stderr.on('error', drop);
}
