import type { NotebookDocument } from 'vscode';
import type { CommandTarget } from '../editor/command-target';
import type { CommandDependencies } from './dependencies';

/** How a command was called. */
export interface Invocation {
  /** What it is about, as a row of the tree or a link said it; empty from the palette. */
  readonly target: CommandTarget;
  /** The notebook in whose toolbar it was pressed. */
  readonly notebook?: NotebookDocument;
}

/** A verb. It asks for what the invocation does not say, and throws what it cannot do; who registered it shows that. */
export type CommandHandler = (dependencies: CommandDependencies, invocation: Invocation) => Promise<void>;
