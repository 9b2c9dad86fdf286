import type { Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import type { User } from '../platform/users';
import { readLoginVariables } from './environments/login-shell';

/** What the user's login shell exports, read once for all kernels of this agent. */
export class LoginVariables implements Disposable {
  private readonly ending = new AbortController();
  private reading: Promise<Record<string, string>> | undefined;

  constructor(
    private readonly user: User,
    private readonly variables: NodeJS.ProcessEnv,
    private readonly logger: Logger,
  ) {}

  /** Asks the shell at the first call; a shell that fails gives a bare environment, which is kept like any other answer. */
  read(): Promise<Record<string, string>> {
    this.reading ??= readLoginVariables({
      shell: this.user.shell,
      homeFolder: this.user.homeFolder,
      variables: this.variables,
      signal: this.ending.signal,
      logger: this.logger,
    });
    return this.reading;
  }

  dispose(): void {
    this.ending.abort(new Error('the agent ends'));
  }
}
