import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { createBackoff, type Backoff } from '../../base/backoff';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { Shared } from '../../base/sequence';
import { abortable, withDeadline } from '../../base/time';
import type { DoorRequest, EnvironmentRule } from '../../protocol/agent';
import type { AgentAddress } from '../../protocol/command-line';
import type { Door } from '../../protocol/supervisor';
import { ensurePrivateFolder } from '../platform/private-files';
import { connectTo } from '../platform/sockets';

/** How a door is opened; tests give another `openDoor`. */
export interface AgentDoorOptions {
  /** Where the agent makes the door's socket. */
  readonly folder: string;
  /** Makes or checks the folder before each start; without it the folder is this user's own, 0700. */
  readonly prepareFolder?: () => Promise<void>;
  /** Connects to the door to see whether it answers; plainly where the folder is this user's own. */
  readonly connect?: (socket: string, signal: AbortSignal) => Promise<Socket>;
  readonly frontDoor: () => DoorRequest['frontDoor'];
  /** What the user may do with environments, asked at each opening; absent where nobody but the user decides that. */
  readonly environments?: () => EnvironmentRule;
  /** Finds or starts the agent and opens the door there. */
  readonly openDoor: (door: DoorRequest, signal: AbortSignal) => Promise<AgentAddress>;
  /** Lets an opening have its turn among those of other users' doors; without it each begins at once. */
  readonly inTurn?: (open: () => Promise<Door>) => Promise<Door>;
  readonly log: Logger;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

const startTimeoutMs = 30_000;
const probeTimeoutMs = 2_000;
const retryPolicy = { firstMs: 500, capMs: 30_000, jitter: 0.2 };

/**
 * The way from this daemon to one user's agent. The door key is made once for the life of the daemon; whenever nobody answers behind the
 * door, the agent is found or started again. Failures are not repeated faster than a back-off allows.
 */
export class AgentDoor {
  private readonly doorKey = randomBytes(32).toString('base64url');
  private readonly opening = new Shared(() => {
    const { inTurn } = this.options;
    return inTurn === undefined ? this.openNow() : inTurn(() => this.openNow());
  });
  private address: AgentAddress | undefined;
  private told: string | undefined;
  private failure:
    { readonly error: Error; readonly retryAtMs: number; readonly backoff: Backoff } | undefined;

  constructor(private readonly options: AgentDoorOptions) {}

  /** The agent behind the door that was opened last, whether or not it still answers. */
  get agentPid(): number | undefined {
    return this.address?.pid;
  }

  /** The door, if an agent answers behind it now; starts nothing. */
  async find(): Promise<Door | undefined> {
    const { address } = this;
    if (address === undefined) return undefined;
    const fault = await this.findFault(address.socket);
    if (fault === undefined) return this.doorAt(address);
    this.options.log.debug(`nobody answers on the door of the agent: ${fault}`);
    return undefined;
  }

  /** As {@link find}, if that agent has been told what its user may do now, and behind which front door it is. */
  async findUpToDate(): Promise<Door | undefined> {
    return this.isUpToDate ? await this.find() : undefined;
  }

  /**
   * The door, after the agent was started, or told what it does not know yet. All who ask meanwhile share one opening, which goes on when one of them
   * gives up by the signal, and is not begun for one who has. Rejects with the reason when it is not possible.
   */
  async open(signal?: AbortSignal): Promise<Door> {
    const door = await this.waitForOpening(signal);
    // An opening that was under way already may have told the agent what was so before.
    return this.isUpToDate ? door : await this.waitForOpening(signal);
  }

  /** The door as {@link findUpToDate} finds it, and as {@link open} does where that finds none. */
  async ensure(): Promise<Door> {
    return (await this.findUpToDate()) ?? (await this.open());
  }

  private get isUpToDate(): boolean {
    return this.told === this.whatToTell();
  }

  private waitForOpening(signal?: AbortSignal): Promise<Door> {
    if (signal === undefined) return this.opening.run();
    signal.throwIfAborted();
    return abortable(this.opening.run(), signal);
  }

  private whatToTell(): string {
    const { pin, daemonId, port } = this.options.frontDoor();
    return [this.options.environments?.() ?? '', pin, daemonId, port].join(' ');
  }

  private async openNow(): Promise<Door> {
    const { log, now } = this.options;
    if (this.failure !== undefined && now() < this.failure.retryAtMs) throw this.failure.error;
    try {
      log.debug('agent 1/3: asking for the agent');
      await (this.options.prepareFolder ?? (() => ensurePrivateFolder(this.options.folder)))();
      const told = this.whatToTell();
      const rule = this.options.environments?.();
      const door: DoorRequest = {
        folder: this.options.folder,
        doorKey: this.doorKey,
        frontDoor: this.options.frontDoor(),
        ...(rule === undefined ? {} : { environments: rule }),
      };
      const address = await this.options.openDoor(door, withDeadline(startTimeoutMs, 'starting the agent'));
      log.info(`agent 2/3: ${address.started ? 'started' : 'found'}, process ${address.pid}`);
      const fault = await this.findFault(address.socket);
      if (fault !== undefined) throw new Error(`nobody answers on the door of the agent: ${fault}`);
      log.debug('agent 3/3: its door answers');
      this.address = address;
      this.told = told;
      this.failure = undefined;
      return this.doorAt(address);
    } catch (thrown) {
      const error = toError(thrown);
      const backoff = this.failure?.backoff.next() ?? createBackoff(retryPolicy);
      this.failure = { error, retryAtMs: now() + backoff.delayMs, backoff };
      log.error(`the agent is not available: ${error.message}`);
      throw error;
    }
  }

  private doorAt(address: AgentAddress): Door {
    return { socket: address.socket, doorKey: this.doorKey };
  }

  /** Why nobody can be reached behind the door; nothing when somebody is there. */
  private async findFault(socket: string): Promise<string | undefined> {
    const connect = this.options.connect ?? connectTo;
    try {
      const connection = await connect(socket, withDeadline(probeTimeoutMs, 'the door of the agent'));
      connection.destroy();
      return undefined;
    } catch (error) {
      // Refused, absent or silent: all mean that no agent is behind this door.
      return toError(error).message;
    }
  }
}
