import type { Logger } from '../../base/logger';
import type { HostsView, Pickers } from '../editor/pickers';
import type { NotebookKernels } from '../editor/notebook-kernels';
import type { ReadOnlyText } from '../editor/read-only-text';
import type { Settings } from '../editor/settings';
import type { Telemetry } from '../editor/telemetry';
import type { Hosts, TypedHost } from '../hosts/host';
import type { HostConnector } from './connecting/connect-host';
import type { ProblemReport } from './report-problem';

/** What the verbs use. Each takes what it needs of it; `main.ts` makes it. */
export interface CommandDependencies {
  readonly hosts: Hosts;
  readonly pickers: Pickers;
  readonly hostsView: HostsView;
  readonly notebookKernels: NotebookKernels;
  readonly connector: HostConnector;
  readonly problems: ProblemReport;
  readonly readOnlyText: ReadOnlyText;
  readonly telemetry: Telemetry;
  readonly readSettings: () => Settings;
  readonly readTyped: (text: string) => TypedHost;
  /** Of this installation. */
  readonly clientId: string;
  readonly showLog: () => void;
  readonly logger: Logger;
}
