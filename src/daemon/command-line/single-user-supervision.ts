import { join } from 'node:path';
import type { Logger } from '../../base/logger';
import type { DoorRequest } from '../../protocol/agent';
import type { SingleUserConfiguration } from '../configuration/single-user-configuration';
import { readUser } from '../platform/users';
import { runAgentCommand } from '../supervisor/agent-command';
import { AgentDoor } from '../supervisor/agent-door';
import { PairingCodes } from '../supervisor/pairing-code';
import { RateLimiter, signInRateLimits } from '../supervisor/rate-limiter';
import { SingleUserSupervisor } from '../supervisor/single-user-supervisor';
import { openTokenStore, tokenLifetimesOf, type TokenStore } from '../supervisor/token-store';
import type { DaemonFolders } from './daemon-folders';

/** The parts that know who may sign in and how to the agent. Whoever opens them disposes `tokens`. */
export interface SingleUserSupervision {
  readonly supervisor: SingleUserSupervisor;
  readonly tokens: TokenStore;
  readonly codes: PairingCodes;
  readonly door: AgentDoor;
}

/** What they are made with. */
export interface SingleUserSupervisionOptions {
  readonly configuration: SingleUserConfiguration;
  readonly folders: DaemonFolders;
  readonly programFile: string;
  /** Which front door the agent is told that it is behind. */
  readonly frontDoor: () => DoorRequest['frontDoor'];
  readonly log: Logger;
}

const codeLifetimeMs = 10 * 60_000;
const refusalMs = 1_000;

/** Makes the parts. Rejects when the sign-ins cannot be read. */
export async function openSingleUserSupervision(
  options: SingleUserSupervisionOptions,
): Promise<SingleUserSupervision> {
  const { configuration, folders, programFile, frontDoor, log } = options;
  const monotonicMs = () => performance.now();
  const codes = new PairingCodes(codeLifetimeMs, Date.now);
  const file = join(folders.state, 'sign-ins.json');
  const tokens = await openTokenStore(file, tokenLifetimesOf(configuration), Date.now, log);
  const door = new AgentDoor({
    folder: folders.door,
    frontDoor,
    openDoor: (request, signal) => runAgentCommand({ programFile, door: request, signal }),
    log,
    now: monotonicMs,
  });
  const rateLimiter = new RateLimiter(signInRateLimits, monotonicMs);
  const user = readUser().name;
  const supervisor = new SingleUserSupervisor({ user, codes, tokens, rateLimiter, door, log, refusalMs });
  return { supervisor, tokens, codes, door };
}
