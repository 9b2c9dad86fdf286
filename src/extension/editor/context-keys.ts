import * as vscode from 'vscode';
import type { Logger } from '../../base/logger';

/** Every context key that `when` clauses of `package.json` use. */
export interface ContextValues {
  readonly isConnected: boolean;
  readonly canReconnect: boolean;
  readonly canDisconnect: boolean;
  readonly isSignedIn: boolean;
  readonly hasSavedHosts: boolean;
  readonly hasChangedKey: boolean;
  readonly hasKernels: boolean;
  readonly hasNotebook: boolean;
  readonly notebookHasEnvironment: boolean;
  readonly notebookHasKernel: boolean;
}

/** The one place that sets context keys; a key is sent only when its value changes. */
export class ContextKeys {
  private readonly sent = new Map<string, boolean>();

  constructor(private readonly logger: Logger) {}

  /** Makes the editor see these values. */
  set(values: ContextValues): void {
    for (const [key, value] of Object.entries(values) as [string, boolean][]) {
      if (this.sent.get(key) === value) continue;
      this.sent.set(key, value);
      vscode.commands
        .executeCommand('setContext', `remoteKernels.${key}`, value)
        .then(undefined, (error: unknown) => {
          this.logger.error(`the context key ${key} could not be set`, error);
        });
    }
  }
}
