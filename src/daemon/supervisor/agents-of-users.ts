import { basename, dirname, join } from 'node:path';
import type { Logger } from '../../base/logger';
import { withDeadline } from '../../base/time';
import type { DoorRequest, EnvironmentRule } from '../../protocol/agent';
import type { AgentAddress } from '../../protocol/command-line';
import type { Door } from '../../protocol/supervisor';
import { openFilesOfLogins } from '../platform/open-files';
import type { Account } from './account';
import { runAgentCommand } from './agent-command';
import { AgentDoor } from './agent-door';
import { CheckQueue } from './check-queue';
import { ensureDoorFolder, removeDoorFolder } from './door-folder';
import { connectToOwned } from './owned-socket';
import { findUserSwitch, launcherFor, readSystemVariables, type UserSwitch } from './user-launcher';

/** What the agents are started with. */
export interface AgentsOfUsersOptions {
  /** This program's own file. */
  readonly programFile: string;
  /** The folder of the folders of doors, `/run/remote-kernels/users` in production. Made here; the one above it is there and is root's. */
  readonly usersFolder: string;
  /** The group of the front door. */
  readonly frontDoorGid: number;
  /** Asked at each start. */
  readonly frontDoor: () => DoorRequest['frontDoor'];
  readonly log: Logger;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

interface Entry {
  /** As it was when the agent was needed last: home and shell can change. */
  account: Account;
  /** What the user may do with environments, as it was said last. */
  rule: EnvironmentRule;
  readonly door: AgentDoor;
  /** How many wait for the start now. */
  waiting: number;
  lastNeededMs: number;
}

/** Starts at once: each is two programs for a moment, and a class signs in together. */
const startLimits = { maxRunning: 6, maxWaiting: 10_000 };
const turnTimeoutMs = 60_000;

/** Who asks for an agent: somebody who signs in, of whom a source can have only so many under way, or a sign-in that is used. */
export type AgentNeed = 'sign-in' | 'use';

/**
 * How many sign-ins in use can wait for the start of one user's agent. The user decides how long that takes, and everybody who waits for it holds one of
 * the places for questions that all users share. The connections of one sign-in count once: the front door asks once for all of them.
 */
const maxWaitingForStart = 8;

/** A door that nobody needed for this long and whose user has no sign-in is forgotten; the agent itself ends when it likes. */
const forgetAfterMs = 60 * 60_000;

/**
 * The agents of the users who have signed in, one door for each user number. Agents run as their users and outlive this process, which finds
 * them again by their door when it is needed. What an agent's command says is the user's own word: it is taken only for a socket in the user's folder.
 */
export class AgentsOfUsers {
  private readonly entries = new Map<number, Entry>();
  private readonly starts = new CheckQueue(startLimits);
  private userSwitch: UserSwitch | undefined;

  constructor(private readonly options: AgentsOfUsersOptions) {}

  /**
   * The door to the agent of an account, started when nobody answers behind it. The agent knows by then what its user may do with environments,
   * also one that runs and was told something else before. Rejects with the reason when that is not possible, and a `use` at once when many wait
   * for this user's agent to start already.
   */
  async ensure(account: Account, rule: EnvironmentRule, need: AgentNeed, signal: AbortSignal): Promise<Door> {
    const entry = this.entryOf(account, rule);
    const found = await entry.door.findUpToDate();
    if (found !== undefined) return found;
    const counted = need === 'use' ? 1 : 0;
    if (counted > 0 && entry.waiting >= maxWaitingForStart)
      throw new Error(
        `it is being started, and ${maxWaitingForStart} others wait for that already; try again in a minute`,
      );
    entry.waiting += counted;
    try {
      return await entry.door.open(signal);
    } finally {
      entry.waiting -= counted;
    }
  }

  /** The door of a user whose agent answers now; starts nothing. */
  async find(uid: number): Promise<{ readonly door: Door; readonly agentPid: number } | undefined> {
    const entry = this.entries.get(uid);
    const door = await entry?.door.find();
    const agentPid = entry?.door.agentPid;
    return door === undefined || agentPid === undefined ? undefined : { door, agentPid };
  }

  /** Forgets the doors that nobody needed for long, but for those of users who are signed in, and removes their folders where no agent has a door there. */
  forgetUnused(signedIn: ReadonlySet<number>): void {
    const nowMs = this.options.now();
    for (const [uid, { lastNeededMs }] of this.entries) {
      if (signedIn.has(uid) || nowMs - lastNeededMs <= forgetAfterMs) continue;
      this.entries.delete(uid);
      removeDoorFolder(this.folderOf(uid));
    }
  }

  /** How many doors are remembered. */
  get size(): number {
    return this.entries.size;
  }

  private entryOf(account: Account, rule: EnvironmentRule): Entry {
    const lastNeededMs = this.options.now();
    const known = this.entries.get(account.uid);
    if (known !== undefined) {
      known.account = account;
      known.rule = rule;
      known.lastNeededMs = lastNeededMs;
      return known;
    }
    const door = this.makeDoor(account, () => entry);
    const entry: Entry = { account, rule, door, waiting: 0, lastNeededMs };
    this.entries.set(account.uid, entry);
    return entry;
  }

  /** However many ask for an agent, its start takes one place. It belongs to nobody who asked: another one may be waiting for it too. */
  private async startInTurn(uid: number, open: () => Promise<Door>): Promise<Door> {
    const signal = withDeadline(turnTimeoutMs, 'the turn of the agent to start');
    const door = await this.starts.run(`${uid}`, open, signal);
    if (door === 'full') throw new Error('too many agents are being started; try again in a minute');
    return door;
  }

  private folderOf(uid: number): string {
    return join(this.options.usersFolder, `${uid}`);
  }

  private makeDoor({ uid, name }: Account, entry: () => Pick<Entry, 'account' | 'rule'>): AgentDoor {
    const { frontDoorGid, frontDoor, now, log } = this.options;
    const folder = this.folderOf(uid);
    return new AgentDoor({
      folder,
      prepareFolder: () => ensureDoorFolder(folder, { uid, frontDoorGid }),
      connect: (socket, signal) => connectToOwned(socket, uid, signal),
      frontDoor,
      environments: () => entry().rule,
      openDoor: (door, signal) => this.openDoor(entry().account, door, signal),
      inTurn: (open) => this.startInTurn(uid, open),
      log: log.child(`agent of ${name}`),
      now,
    });
  }

  private async openDoor(account: Account, door: DoorRequest, signal: AbortSignal): Promise<AgentAddress> {
    const { programFile } = this.options;
    this.userSwitch ??= await findUserSwitch();
    const variables = { ...(await readSystemVariables()), ...openFilesOfLogins(process.env) };
    const launcher = launcherFor(this.userSwitch, account, variables);
    const address = await runAgentCommand({ programFile, door, launcher, signal });
    if (dirname(address.socket) !== door.folder || basename(address.socket).startsWith('.'))
      throw new Error(`the agent named a door outside ${door.folder}`);
    return address;
  }
}
