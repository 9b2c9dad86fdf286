import { createInterface } from 'node:readline/promises';
import { exitCodes } from '../../../protocol/command-line';
import { CommandError, printWords } from '../terminal';

/** Rejects with a {@link CommandError} unless root runs this. */
export function requireRoot(command: string): void {
  if (process.getuid?.() !== 0)
    throw new CommandError(
      `this changes the system, so it is for root: sudo ${command}`,
      exitCodes.noPermission,
    );
}

/** Asks on the terminal; only "y" and "yes" mean yes. Rejects with a {@link CommandError} when there is no terminal to ask on. */
export async function askForConsent(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new CommandError(
      'there is no terminal to ask on; nothing was changed. To go on without a question add --yes',
      exitCodes.usage,
    );
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  lines.on('close', () => closed.abort());
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: closed.signal });
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch {
    // The end of the input and Ctrl-C are a no.
    printWords('');
    return false;
  } finally {
    lines.close();
  }
}
