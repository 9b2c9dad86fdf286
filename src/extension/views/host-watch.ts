import { DisposableStore, type Disposable } from '../../base/disposable';
import type { Hosts } from '../hosts/host';

/**
 * Calls back whenever anything about the hosts changed: the hosts themselves or the lists of their agents. Agents come and go with their hosts,
 * so subscriptions follow the list of hosts.
 */
export function watchHosts(hosts: Hosts, onChange: () => void): Disposable {
  const owned = new DisposableStore();
  const agents = new Map<string, Disposable>();
  const follow = () => {
    for (const host of hosts.all) {
      if (agents.has(host.id)) continue;
      const lists = new DisposableStore();
      lists.add(host.agent.environments.onDidChange(onChange));
      lists.add(host.agent.kernels.onDidChange(onChange));
      agents.set(host.id, lists);
    }
    for (const [id, lists] of agents) {
      if (hosts.get(id) !== undefined) continue;
      lists.dispose();
      agents.delete(id);
    }
  };
  follow();
  owned.add(
    hosts.onDidChange(() => {
      follow();
      onChange();
    }),
  );
  owned.addRelease(() => {
    for (const lists of agents.values()) lists.dispose();
    agents.clear();
  });
  return owned;
}
