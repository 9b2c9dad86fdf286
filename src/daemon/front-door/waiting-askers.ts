import type { Asker } from '../../protocol/supervisor';

/** More of one connection is no client's need: who uses one token is asked about once, however many requests come with it. */
const maxOfConnection = 4;
/** As many as all connections of one source that may be open without a sign-in can have. */
const maxOfAsker = 256;
/** More than all connections without a sign-in can have. Of users each is known, and has the limit of one asker. */
const maxOfSources = 2_048;

/** Somebody who waits for room. */
export interface WaitingAsker {
  readonly asker: Asker;
  readonly enter: (giveBack: () => void) => void;
}

/** Of one asker, by connection; the one whose turn is next is the first. */
interface Line {
  size: number;
  readonly turns: Map<number | undefined, Set<WaitingAsker>>;
}

/**
 * Those who wait for room. Each asker has a line, so that nobody waits behind one who has used up a share, and in it the connections take turns: who
 * sends thousands of made-up tokens ahead on one connection keeps nobody waiting who comes from behind the same address. What a stranger can
 * put here is little.
 */
export class WaitingAskers {
  private readonly lines = new Map<string, Line>();
  private ofSources = 0;

  /** Puts somebody at the end of their line, and says whether there was a place for them. */
  add(one: WaitingAsker): boolean {
    const { asker } = one;
    const key = keyOf(asker);
    const line = this.lines.get(key) ?? { size: 0, turns: new Map<number | undefined, Set<WaitingAsker>>() };
    const connection = connectionOf(asker);
    const ofConnection = line.turns.get(connection) ?? new Set<WaitingAsker>();
    if (connection !== undefined && ofConnection.size >= maxOfConnection) return false;
    if (line.size >= maxOfAsker || (isSource(asker) && this.ofSources >= maxOfSources)) return false;
    ofConnection.add(one);
    line.turns.set(connection, ofConnection);
    line.size += 1;
    this.lines.set(key, line);
    if (isSource(asker)) this.ofSources += 1;
    return true;
  }

  /** Takes out who does not wait any more. */
  delete(one: WaitingAsker): void {
    const key = keyOf(one.asker);
    const line = this.lines.get(key);
    const connection = connectionOf(one.asker);
    const ofConnection = line?.turns.get(connection);
    if (line === undefined || ofConnection?.delete(one) !== true) return;
    line.size -= 1;
    if (isSource(one.asker)) this.ofSources -= 1;
    if (ofConnection.size === 0) line.turns.delete(connection);
    if (line.size === 0) this.lines.delete(key);
  }

  /** Lets in whom `take` gives room, the askers in turn and of each the connections in turn. */
  letIn(take: (asker: Asker) => (() => void) | undefined): void {
    // A line that is put back at the end is met again, until there is no room for any.
    for (const [key, line] of this.lines) {
      const [first] = line.turns;
      if (first === undefined) continue;
      const [connection, ofConnection] = first;
      const [one] = ofConnection;
      const giveBack = one === undefined ? undefined : take(one.asker);
      if (one === undefined || giveBack === undefined) continue;
      this.delete(one);
      if (line.turns.delete(connection)) line.turns.set(connection, ofConnection);
      if (this.lines.delete(key)) this.lines.set(key, line);
      one.enter(giveBack);
    }
  }
}

/** What an asker is counted by. */
export function keyOf(asker: Asker): string {
  return 'user' in asker ? `user ${asker.user}` : `source ${asker.source}`;
}

function isSource(asker: Asker): boolean {
  return 'source' in asker;
}

function connectionOf(asker: Asker): number | undefined {
  return 'source' in asker ? asker.connection : undefined;
}
