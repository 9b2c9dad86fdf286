import { toError } from '../../base/errors';
import { formatSeconds } from '../steps';

/** A part of the demonstration failed, and the terminal has already said why. */
export class StoryEnded extends Error {}

/** Tells in the terminal what happens, one line a step. */
export class Story {
  constructor(private readonly print: (text: string) => void) {}

  /** A heading. */
  chapter(title: string): void {
    this.print(`\n${title}\n`);
  }

  /**
   * Runs a step. When it succeeds its line is what `tell` makes of the value, with the time that it took; when it fails the line says what was
   * tried and why it did not work, and {@link StoryEnded} is thrown.
   */
  async step<T>(what: string, work: () => Promise<T>, tell: (value: T) => string): Promise<T> {
    const startedAt = Date.now();
    try {
      const value = await work();
      this.print(`  ✔ ${tell(value)} (${formatSeconds(Date.now() - startedAt)})\n`);
      return value;
    } catch (error) {
      this.print(`  ✖ ${what}: ${toError(error).message}\n`);
      throw new StoryEnded(what, { cause: error });
    }
  }

  /** A line between steps. */
  say(text: string): void {
    this.print(`  ${text}\n`);
  }
}
