import { toError } from '../base/errors';

/** How one step ended. */
export interface StepResult {
  readonly name: string;
  readonly timeMs: number;
  /** Why it failed; absent when it succeeded. */
  readonly error?: Error;
}

/**
 * Runs named steps one after another and tells each in the terminal: a line when it begins and one with its time when it ends. A step fails by
 * throwing, and its message is shown; what follows decides for itself whether to go on.
 */
export class Steps {
  private readonly ended: StepResult[] = [];

  constructor(private readonly print: (text: string) => void) {}

  /** Resolves with whether the step succeeded. */
  async run(name: string, step: () => Promise<unknown>): Promise<boolean> {
    const startedAt = Date.now();
    this.print(`\n▸ ${name}\n`);
    try {
      await step();
      this.end({ name, timeMs: Date.now() - startedAt });
      return true;
    } catch (error) {
      this.print(`${toError(error).message}\n`);
      this.end({ name, timeMs: Date.now() - startedAt, error: toError(error) });
      return false;
    }
  }

  /** The steps that ended so far, in order. */
  get results(): readonly StepResult[] {
    return this.ended;
  }

  private end(result: StepResult): void {
    this.ended.push(result);
    this.print(`${markOf(result)} ${result.name} (${formatSeconds(result.timeMs)})\n`);
  }
}

/** The sign in front of a step that has ended. */
export function markOf(result: StepResult): string {
  return result.error === undefined ? '✔' : '✖';
}

/** `0.4 s`, `12.0 s`, `3 min 5 s`. */
export function formatSeconds(timeMs: number): string {
  if (timeMs < 60_000) return `${(timeMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(timeMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
