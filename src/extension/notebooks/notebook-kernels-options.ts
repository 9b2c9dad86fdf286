import type { Memento } from 'vscode';
import type { Logger } from '../../base/logger';
import type { Pickers } from '../editor/pickers';
import type { Hosts } from '../hosts/host';

/** What notebooks need from the rest of the extension. */
export interface NotebookKernelsOptions {
  readonly hosts: Hosts;
  /** Keeps which environments were used or pinned, and which one each notebook uses, for all windows. */
  readonly globalState: Memento;
  /** Keeps what belongs to this window's workspace alone: message session ids and the requests that run. */
  readonly workspaceState: Memento;
  /** Of this installation: 32 hexadecimal digits. */
  readonly clientId: string;
  readonly windowId: string;
  /** `publisher.name` of this extension, by which `notebook.selectKernel` finds our controllers. */
  readonly extensionId: string;
  readonly logger: Logger;
  /**
   * Connects a host, asking the person what has to be asked. Resolves with whether it is connected; shows its own errors and never
   * rejects.
   */
  readonly connectHost: (hostId: string) => Promise<boolean>;
  /** Asks which environment of a host is meant. */
  readonly pickers: Pick<Pickers, 'pickEnvironment'>;
  /** The folder on the host in which code runs when none was chosen for the notebook, such as `~` (setting `notebook.remoteFolder`). */
  readonly defaultRemoteFolder: () => string;
}
