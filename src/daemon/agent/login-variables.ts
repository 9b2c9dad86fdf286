import type { Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import type { User } from '../platform/users';
import { readLoginVariables } from './environments/login-shell';

/** What the user's login shell exports, for all kernels of this agent. */
export class LoginVariables implements Disposable {
  private readonly ending = new AbortController();

  constructor(
    private readonly user: User,
    private readonly variables: NodeJS.ProcessEnv,
    private readonly logger: Logger,
  ) {}

  /** As {@link readLoginVariables}, which asks the shell only when its start-up files are others than at the last call. */
  read(): Promise<Record<string, string>> {
    return readLoginVariables({
      shell: this.user.shell,
      homeFolder: this.user.homeFolder,
      variables: this.variables,
      signal: this.ending.signal,
      logger: this.logger,
    });
  }

  dispose(): void {
    this.ending.abort(new Error('the agent ends'));
  }
}
