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

/** A host that is followed. */
interface Followed {
  /** A host that was forgotten and added again has another one. */
  readonly agent: Host['agent'];
  readonly subscription: Disposable;
  /** What it does as far as we know: what the settings said when it was first seen, since it may have been told before, then what it was told. */
  told: Preferences;
}

/**
 * Lists the hosts of the settings, and tells connected hosts what the person wants of them (idle kernels, restarts, search folders). A host is told
 * only what differs, and nothing as long as the person has set nothing: another computer of theirs may have. What changes while a host is away it
 * is told when it is back. The caller disposes it.
 */
export function followSettings(options: FollowSettingsOptions): Disposable {
  const { hosts, readSettings, onDidChangeSettings, logger } = options;
  const owned = new DisposableStore();
  const followed = new Map<string, Followed>();
  const closing = new AbortController();
  const tell = async (host: Host) => {
    const own = followed.get(host.id);
    const wanted = readSettings().preferences;
    if (own === undefined || !host.agent.isAttached || !host.agent.capabilities.hasPreferences) return;
    if (isUnset(wanted) && isUnset(own.told)) return;
    if (await tellPreferences(host, wanted, closing.signal, logger)) own.told = wanted;
  };
  const follow = () => {
    const listed = new Map(hosts.all.map((host) => [host.id, host]));
    for (const [id, { agent, subscription }] of followed) {
      if (listed.get(id)?.agent === agent) continue;
      subscription.dispose();
      followed.delete(id);
    }
    for (const host of listed.values()) {
      if (followed.has(host.id)) continue;
      const subscription = host.agent.onDidChangeAttachment((isAttached) => {
        if (isAttached) void tell(host);
      });
      followed.set(host.id, { agent: host.agent, subscription, told: readSettings().preferences });
      void tell(host);
    }
  };
  addHosts(options);
  follow();
  owned.add(hosts.onDidChange(follow));
  owned.add(
    onDidChangeSettings(() => {
      addHosts(options);
      for (const host of hosts.all) void tell(host);
    }),
  );
  owned.addRelease(() => {
    closing.abort(new DOMException('closed', 'AbortError'));
    for (const { subscription } of followed.values()) subscription.dispose();
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

/** Whether the host does as the settings say now. */
async function tellPreferences(
  host: Host,
  wanted: Preferences,
  signal: AbortSignal,
  logger: Logger,
): Promise<boolean> {
  try {
    const deadline = withDeadline(preferencesTimeoutMs, `the preferences of ${host.name}`, signal);
    const current = await host.agent.readPreferences(deadline);
    if (!isDeepStrictEqual(current, wanted)) await host.agent.writePreferences(wanted, deadline);
    return true;
  } catch (error) {
    logger.warn(`${host.name} was not told what the settings say: ${String(error)}`);
    return false;
  }
}

function isUnset({ searchFolders, restartKernelsAutomatically, keepIdleForHours }: Preferences): boolean {
  return searchFolders.length === 0 && !restartKernelsAutomatically && keepIdleForHours === undefined;
}
