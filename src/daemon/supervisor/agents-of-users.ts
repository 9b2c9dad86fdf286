import { basename, dirname, join } from 'node:path';
import type { Logger } from '../../base/logger';
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
  lastNeededMs: number;
}

/** Starts at once: each is two programs for a moment, and a class signs in together. */
const startLimits = { maxRunning: 6, maxWaiting: 10_000 };

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
   * also one that runs and was told something else before. Rejects with the reason when that is not possible.
   */
  async ensure(account: Account, rule: EnvironmentRule, signal: AbortSignal): Promise<Door> {
    const entry = this.entryOf(account, rule);
    const found = entry.door.isUpToDate ? await entry.door.find() : undefined;
    if (found !== undefined) return found;
    const door = await this.starts.run(`${account.uid}`, () => entry.door.ensure(), signal);
    if (door === 'full') throw new Error('too many agents are being started; try again in a minute');
    return door;
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
    const entry: Entry = { account, rule, lastNeededMs, door: this.makeDoor(account, () => entry) };
    this.entries.set(account.uid, entry);
    return entry;
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
