import { DisposableStore, type Disposable } from '../../base/disposable';
import type { Hosts } from '../hosts/host';

/** What notebooks want to know of hosts. */
export interface HostWatchEvents {
  /** Hosts came, went, or any of them changed. */
  readonly onHosts: () => void;
  /** The host can be asked again. */
  readonly onAttached: (hostId: string) => void;
  /** The list of its kernels, or whether it can be asked, changed. */
  readonly onKernels: (hostId: string) => void;
}

/** Listens to every known host's agent, also of hosts that become known later. */
export class HostWatch implements Disposable {
  private readonly store = new DisposableStore();
  private readonly agents = new Map<string, DisposableStore>();

  constructor(
    private readonly hosts: Hosts,
    private readonly events: HostWatchEvents,
  ) {}

  /** Begins to listen. To be called once. */
  start(): void {
    this.store.add(
      this.hosts.onDidChange(() => {
        this.follow();
        this.events.onHosts();
      }),
    );
    this.follow();
  }

  dispose(): void {
    this.store.dispose();
    for (const agent of this.agents.values()) agent.dispose();
    this.agents.clear();
  }

  private follow(): void {
    for (const { id, agent } of this.hosts.all) {
      if (this.agents.has(id)) continue;
      const store = new DisposableStore();
      this.agents.set(id, store);
      store.add(
        agent.onDidChangeAttachment((isAttached) => {
          this.events.onKernels(id);
          if (isAttached) this.events.onAttached(id);
        }),
      );
      store.add(agent.kernels.onDidChange(() => this.events.onKernels(id)));
    }
    for (const [id, store] of this.agents) {
      if (this.hosts.get(id) !== undefined) continue;
      this.agents.delete(id);
      store.dispose();
    }
  }
}
