import { isDeepStrictEqual } from 'node:util';
import { DisposableStore, type Disposable } from '../../base/disposable';
import type { Event } from '../../base/event';
import { withDeadline } from '../../base/time';
import type { Logger } from '../../base/logger';
import type { Preferences } from '../../protocol/agent';
import type { Settings } from '../editor/settings';
import type { Host, Hosts, TypedHost } from '../hosts/host';

const preferencesTimeoutMs = 15_000;

/** What follows the person's settings by itself. */
export interface FollowSettingsOptions {
  readonly hosts: Hosts;
  readonly readSettings: () => Settings;
  readonly onDidChangeSettings: Event<void>;
  readonly readTyped: (text: string) => TypedHost;
  readonly logger: Logger;
}

/**
 * Lists the hosts of the settings, and tells connected hosts what the person wants of them (idle kernels, restarts, search folders). A host is told
 * only what differs, and nothing as long as the person has set nothing: another computer of theirs may have. The caller disposes it.
 */
export function followSettings(options: FollowSettingsOptions): Disposable {
  const { hosts, readSettings, onDidChangeSettings, logger } = options;
  const owned = new DisposableStore();
  const followed = new Map<string, Disposable>();
  const closing = new AbortController();
  let told = readSettings().preferences;
  const tell = (host: Host) => {
    const wanted = readSettings().preferences;
    if (!host.agent.isAttached || !host.agent.capabilities.hasPreferences) return;
    if (isUnset(wanted) && isUnset(told)) return;
    void tellPreferences(host, wanted, closing.signal, logger);
  };
  const follow = () => {
    for (const host of hosts.all) {
      if (followed.has(host.id)) continue;
      followed.set(
        host.id,
        host.agent.onDidChangeAttachment((isAttached) => {
          if (isAttached) tell(host);
        }),
      );
    }
  };
  addHosts(options);
  follow();
  owned.add(hosts.onDidChange(follow));
  owned.add(
    onDidChangeSettings(() => {
      addHosts(options);
      for (const host of hosts.all) tell(host);
      told = readSettings().preferences;
    }),
  );
  owned.addRelease(() => {
    closing.abort(new DOMException('closed', 'AbortError'));
    for (const subscription of followed.values()) subscription.dispose();
  });
  return owned;
}

function addHosts({ hosts, readSettings, readTyped, logger }: FollowSettingsOptions): void {
  for (const typed of readSettings().hosts) {
    const reading = readTyped(typed);
    if (reading.kind === 'invalid') logger.warn(`a host of the settings is left out: ${reading.message}`);
    else hosts.add(reading);
  }
}

async function tellPreferences(
  host: Host,
  wanted: Preferences,
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  try {
    const deadline = withDeadline(preferencesTimeoutMs, `the preferences of ${host.name}`, signal);
    const current = await host.agent.readPreferences(deadline);
    if (!isDeepStrictEqual(current, wanted)) await host.agent.writePreferences(wanted, deadline);
  } catch (error) {
    logger.warn(`${host.name} was not told what the settings say: ${String(error)}`);
  }
}

function isUnset({ searchFolders, restartKernelsAutomatically, keepIdleForHours }: Preferences): boolean {
  return searchFolders.length === 0 && !restartKernelsAutomatically && keepIdleForHours === undefined;
}
