import { DisposableStore, type Disposable } from '../../base/disposable';
import { Emitter, type Event } from '../../base/event';
import type { FoundHost, HostProvider } from '../hosts/host-provider';

/** When a provider looks for hosts. */
export interface ProviderSwitch {
  readonly isOn: () => boolean;
  /** Fires when `isOn` may give another answer. */
  readonly onDidChange: Event<void>;
}

/**
 * A provider that looks for hosts only while it is switched on. Switched off it has found nothing and sends nothing; switched on again it is made
 * anew.
 */
export function createSwitchedProvider(
  create: () => HostProvider,
  { isOn, onDidChange }: ProviderSwitch,
): HostProvider {
  const owned = new DisposableStore();
  const changes = owned.add(new Emitter<void>());
  let current: { readonly provider: HostProvider; readonly subscription: Disposable } | undefined;
  const nothing: readonly FoundHost[] = [];
  const stop = () => {
    current?.subscription.dispose();
    current?.provider.dispose();
    current = undefined;
  };
  const follow = () => {
    if (isOn() === (current !== undefined)) return;
    if (current === undefined) {
      const provider = create();
      current = { provider, subscription: provider.onDidChange(() => changes.fire()) };
      provider.start();
    } else stop();
    changes.fire();
  };
  owned.addRelease(stop);
  return {
    get found() {
      return current?.provider.found ?? nothing;
    },
    onDidChange: changes.event,
    start() {
      owned.add(onDidChange(follow));
      follow();
    },
    refresh: () => current?.provider.refresh(),
    dispose: () => owned.dispose(),
  };
}
