import { Sequence } from '../../base/sequence';
import type { HostStorage, SavedHost } from './host';

/**
 * Saved hosts as two windows share them: every change is one host read, changed and written back among what is saved at that moment, so that
 * neither window undoes what the other did to another host.
 */
export class SavedHosts {
  private readonly writes = new Sequence();
  /** What is on its way to the storage: readers see their own changes at once. */
  private readonly pending = new Map<string, SavedHost | undefined>();

  constructor(private readonly storage: HostStorage) {}

  /** Everything that is saved, with what is being written. */
  get all(): readonly SavedHost[] {
    const byId = new Map(this.storage.read().map((host) => [host.id, host]));
    for (const [id, host] of this.pending) {
      if (host === undefined) byId.delete(id);
      else byId.set(id, host);
    }
    return [...byId.values()];
  }

  get(id: string): SavedHost | undefined {
    return this.all.find((host) => host.id === id);
  }

  /** Saves or replaces one host. */
  put(host: SavedHost): Promise<void> {
    return this.write(host.id, host);
  }

  /** Removes one host. */
  delete(id: string): Promise<void> {
    return this.write(id, undefined);
  }

  private write(id: string, host: SavedHost | undefined): Promise<void> {
    this.pending.set(id, host);
    return this.writes.run(async () => {
      const others = this.storage.read().filter((saved) => saved.id !== id);
      const place = this.storage.read().findIndex((saved) => saved.id === id);
      const list = [...others];
      if (host !== undefined) list.splice(place < 0 ? list.length : place, 0, host);
      await this.storage.write(list);
      if (this.pending.get(id) === host) this.pending.delete(id);
    });
  }
}
