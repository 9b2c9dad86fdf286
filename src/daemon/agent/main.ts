import { toError } from '../../base/errors';
import { withDeadline } from '../../base/time';
import { exitCodes, type AgentAddress } from '../../protocol/command-line';
import { ConfigurationError } from '../configuration/user-configuration';
import { isInPlaceOfLogin } from '../platform/open-files';
import { keepMemoryPrivate, takeSessionKeyring } from '../platform/process-privacy';
import { readAgentPlaces } from './start/agent-places';
import { openDoor, readDoorRequest } from './start/open-door';
import { AgentStartError, findOrStartAgent } from './start/start-agent';

/** How `remote-kernels agent` is called. */
export interface AgentCommand {
  /** The file of this program, of which the agent and the keepers are started. */
  readonly programFile: string;
  /** Print {@link AgentAddress} as one line of JSON instead of words. */
  readonly json: boolean;
  /** Run the agent in this process instead of finding or starting one: how the command starts it. */
  readonly isServer: boolean;
  /** Open a door in this folder; a `DoorRequest` as one line of JSON comes on descriptor 3. */
  readonly doorFolder?: string;
}

/** How long the whole command may take. */
const commandTimeoutMs = 30_000;

/** Finds or starts this user's agent and prints where it is, or is the agent. Resolves with the exit code. */
export async function runAgent(command: AgentCommand): Promise<number> {
  try {
    if (command.isServer)
      return await (await import(/* webpackMode: "eager" */ './serve')).serveAgent(command.programFile);
    const address = await findAddress(command);
    process.stdout.write(command.json ? `${JSON.stringify(address)}\n` : formatWords(address));
    return exitCodes.ok;
  } catch (error) {
    process.stderr.write(`remote-kernels agent: ${toError(error).message}\n`);
    if (error instanceof ConfigurationError) return exitCodes.configuration;
    return error instanceof AgentStartError ? error.exitCode : exitCodes.unavailable;
  }
}

async function findAddress({ doorFolder, programFile }: AgentCommand): Promise<AgentAddress> {
  const signal = withDeadline(commandTimeoutMs, 'the agent of this user');
  if (doorFolder !== undefined && isInPlaceOfLogin(process.env)) {
    // The door key that comes now is between this user and the front door, and the agent inherits the keyring.
    keepMemoryPrivate();
    takeSessionKeyring('user');
  }
  const request = doorFolder === undefined ? undefined : await readDoorRequest(doorFolder, signal);
  const address = await findOrStartAgent(programFile, await readAgentPlaces(), signal);
  return request === undefined ? address : openDoor(address, request, signal);
}

function formatWords(address: AgentAddress): string {
  const how = address.started ? 'started' : 'running';
  return `The agent is ${how} (process ${address.pid}) and listens on ${address.socket}\n`;
}
