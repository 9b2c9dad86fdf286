/** How `remote-kernels agent` is called. */
export interface AgentCommand {
  /** Print {@link AgentAddress} as one line of JSON instead of words. */
  readonly json: boolean;
  /** Run the agent in this process instead of finding or starting one: how the command starts it. */
  readonly isServer: boolean;
  /** Open a door in this folder; its key comes on descriptor 3. */
  readonly doorFolder?: string;
}

/** Finds or starts this user's agent and prints where it is, or is the agent. Resolves with the exit code. */
export function runAgent(_command: AgentCommand): Promise<number> {
  return Promise.reject(new Error('this part is not in this build'));
}
