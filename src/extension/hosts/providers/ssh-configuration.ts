import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { Emitter } from '../../../base/event';
import { Shared } from '../../../base/sequence';
import type { Logger } from '../../../base/logger';
import { systemClock, type Clock } from '../../../base/time';
import { readConfiguredHosts } from '../../openssh/configured-hosts';
import type { FoundHost, HostProvider } from '../host-provider';

/** What the ssh configuration's provider is made with. */
export interface SshConfigurationProviderOptions {
  /** The home folder whose `.ssh/config` is read. */
  readonly homeFolder: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Editors write a file in several steps; it is read once they have ended. */
const settleMs = 200;

/** Lists the hosts of `~/.ssh/config`, and follows changes of the files. Never runs anything. */
export function createSshConfigurationProvider(options: SshConfigurationProviderOptions): HostProvider {
  return new SshConfigurationProvider(options);
}

class SshConfigurationProvider implements HostProvider {
  private readonly changes = new Emitter<void>();
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly reading = new Shared(() => this.read());
  private cancelSettling: (() => void) | undefined;
  private isDisposed = false;
  found: readonly FoundHost[] = [];
  readonly onDidChange = this.changes.event;

  constructor(private readonly options: SshConfigurationProviderOptions) {}

  start(): void {
    this.refresh();
  }

  refresh(): void {
    if (this.isDisposed) return;
    this.reading.run().catch((error: unknown) => {
      this.options.logger.error('the ssh configuration could not be read', error);
    });
  }

  dispose(): void {
    this.isDisposed = true;
    this.cancelSettling?.();
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
    this.changes.dispose();
  }

  private async read(): Promise<void> {
    const { aliases, files, problems } = await readConfiguredHosts(this.options.homeFolder);
    if (this.isDisposed) return;
    for (const problem of problems) this.options.logger.warn(problem);
    this.follow(new Set(files.map((path) => dirname(path))));
    const before = this.found.map(({ name: alias }) => alias).join('\n');
    if (before === aliases.join('\n')) return;
    this.found = aliases.map((alias) => ({
      source: 'ssh-configuration',
      name: alias,
      endpoint: { kind: 'ssh', destination: alias },
    }));
    this.changes.fire();
  }

  /** Folders are watched, not files: many editors put another file in the place of the old one. */
  private follow(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.readSoon());
        watcher.on('error', () => {
          watcher.close();
          this.watchers.delete(folder);
        });
        this.watchers.set(folder, watcher);
      } catch (error) {
        // Without a `.ssh` folder there is nothing to follow; Discover Hosts reads again.
        this.options.logger.debug(`${folder} is not followed: ${String(error)}`);
      }
    }
  }

  private readSoon(): void {
    this.cancelSettling?.();
    this.cancelSettling = (this.options.clock ?? systemClock).schedule(settleMs, () => this.refresh());
  }
}
