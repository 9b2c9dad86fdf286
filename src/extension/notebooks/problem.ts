/** Something to tell a person: what happened and where, what to do, and buttons for it. */
export interface Problem {
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
  readonly actions: readonly ProblemAction[];
}

/** A button of a {@link Problem}. `run` shows its own errors and never rejects. */
export interface ProblemAction {
  readonly title: string;
  readonly run: () => Promise<void>;
}

/** Shows a problem and does what the person chose; resolves then, or at once when it is dismissed. Never rejects. */
export type ShowProblem = (problem: Problem) => Promise<void>;
