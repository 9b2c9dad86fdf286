import type { NotebookCell, NotebookDocument } from 'vscode';
import type { Logger } from '../../base/logger';
import type { Clock } from '../../base/time';
import type { Hosts } from '../hosts/host';
import type { Controllers } from './controllers';
import type { KernelStarter } from './kernel-starter';
import type { KernelProblem } from './start-problems';
import type { RememberedEnvironments } from './remembered-environments';
import type { RememberedNotebooks } from './remembered-notebooks';
import type { ShowProblem } from './show-problem';

/** What every open notebook of ours stands on. */
export interface NotebookContext {
  readonly hosts: Hosts;
  readonly clientId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly notebooks: RememberedNotebooks;
  readonly environments: RememberedEnvironments;
  readonly controllers: Controllers;
  readonly starter: KernelStarter;
  readonly defaultRemoteFolder: () => string;
  readonly showProblem: ShowProblem;
  /** Shows a problem with the kernel of a notebook and does what the person chose. */
  readonly showKernelProblem: (notebook: NotebookDocument, problem: KernelProblem) => Promise<void>;
  /** Runs a task; says so with *Cancel*, which aborts the signal, when it takes long. Settles like the task. */
  readonly withLateProgress: <T>(title: string, task: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  /** A quiet line below a cell; `undefined` takes it away. */
  readonly note: (cell: NotebookCell, text: string | undefined) => void;
  /** What is shown of the notebook (its kernel, its folder, a cell's line) may have changed. */
  readonly changed: (notebook: NotebookDocument) => void;
}
