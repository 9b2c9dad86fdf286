import { readMachineHash } from '../../platform/machine';
import { listStateFolders, type StateFolderCandidates } from '../../platform/state-folders';
import { readUser, type User } from '../../platform/users';

/** Who we are and where this user's agent can be; worked out in the same way by the command that looks for it and by the agent itself. */
export interface AgentPlaces {
  readonly user: User;
  readonly machineHash: string;
  readonly candidates: StateFolderCandidates;
}

/** Finds out who we are and where this user's agent can be. */
export async function readAgentPlaces(): Promise<AgentPlaces> {
  const user = readUser();
  const machineHash = await readMachineHash();
  return { user, machineHash, candidates: await listStateFolders({ ...user, machineHash }) };
}
