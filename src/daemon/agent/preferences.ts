import { join } from 'node:path';
import { Emitter, type Event } from '../../base/event';
import type { Logger } from '../../base/logger';
import { expectParsed, parseJson } from '../../base/parse';
import { parsePreferences, type Preferences } from '../../protocol/agent';
import type { KeeperSettings } from '../../protocol/keeper';
import { readFileIfPresent, writePrivateFile } from '../platform/private-files';

/** What the user wants on this host, kept in a file of the state folder (0600). */
export class PreferenceStore {
  private readonly changed = new Emitter<Preferences>();
  private value: Preferences = expectParsed(parsePreferences({}));

  constructor(
    private readonly stateFolder: string,
    private readonly logger: Logger,
  ) {}

  /** Fires when other preferences were stored. */
  readonly onDidChange: Event<Preferences> = this.changed.event;

  /** What holds now. */
  get current(): Preferences {
    return this.value;
  }

  /** Reads the file. One that cannot be read is said in the log, and the defaults hold. */
  async load(): Promise<void> {
    try {
      const text = await readFileIfPresent(this.path);
      if (text === undefined) return;
      const stored = parseJson(text, parsePreferences);
      if (stored.ok) this.value = stored.value;
      else this.logger.warn(`${this.path}: ${stored.error.message}; the defaults hold`);
    } catch (error) {
      this.logger.error(`${this.path} cannot be read; the defaults hold`, error);
    }
  }

  /** Stores other preferences. Rejects with a `WireError` when the disk does not take them; the old ones hold then. */
  async replace(preferences: Preferences): Promise<void> {
    await writePrivateFile(this.path, `${JSON.stringify(preferences, undefined, 2)}\n`);
    this.value = preferences;
    this.changed.fire(preferences);
  }

  private get path(): string {
    return join(this.stateFolder, 'preferences.json');
  }
}

/** What preferences mean for each kernel. */
export function toKeeperSettings(preferences: Preferences): KeeperSettings {
  return {
    restartAutomatically: preferences.restartKernelsAutomatically,
    keepIdleForHours: preferences.keepIdleForHours ?? null,
  };
}
