import type { Hello } from '../../protocol/agent';
import { parsePin } from '../../protocol/pin';
import type { Connection } from '../transports/transport';
import { isSameEvidence, type HostEvidence } from './merge';
import type { SavedHosts } from './saved-hosts';

/** What authenticated connections have said of who hosts are, in this window and, as far as it was saved, before it. */
export class ProvenIdentities {
  private readonly seen = new Map<string, HostEvidence>();

  constructor(private readonly saved: SavedHosts) {}

  /** By the ids of hosts. */
  get all(): ReadonlyMap<string, HostEvidence> {
    const all = new Map<string, HostEvidence>();
    for (const host of this.saved.all) {
      const pin = parsePin(host.pin);
      if (pin.ok && host.daemonId !== undefined)
        all.set(host.id, { pin: pin.value, daemonId: host.daemonId });
    }
    for (const [id, evidence] of this.seen) if (!isSameEvidence(all.get(id), evidence)) all.set(id, evidence);
    return all;
  }

  /** Takes in what a connection to the host says, if it says anything. */
  learn(id: string, opened: Connection, hello: Hello): void {
    const evidence = evidenceOf(opened, hello);
    if (evidence !== undefined) this.seen.set(id, evidence);
  }

  /** The host is to prove anew who it is. */
  forget(id: string): void {
    this.seen.delete(id);
  }
}

/** What an authenticated connection says of key and daemon: its own front door, or the one that leads to the same agent. */
function evidenceOf(opened: Connection, hello: Hello): HostEvidence | undefined {
  if (opened.pin !== undefined && opened.daemonId !== undefined)
    return { pin: opened.pin, daemonId: opened.daemonId };
  const pin = parsePin(hello.frontDoor?.pin);
  return hello.frontDoor === undefined || !pin.ok
    ? undefined
    : { pin: pin.value, daemonId: hello.frontDoor.daemonId };
}
