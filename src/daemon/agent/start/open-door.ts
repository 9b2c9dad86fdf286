import { createReadStream } from 'node:fs';
import { parseJson } from '../../../base/parse';
import { withDeadline } from '../../../base/time';
import { agentPaths, parseDoorAnswer, parseDoorRequest, type DoorRequest } from '../../../protocol/agent';
import type { AgentAddress } from '../../../protocol/command-line';
import { requestJson } from '../../platform/socket-http';

/** The descriptor on which the caller hands the door key: neither argv nor environment, which others can read. */
const doorDescriptor = 3;

const maxRequestLength = 64 * 1024;
const readTimeoutMs = 10_000;
const openTimeoutMs = 10_000;

/** Reads the one line of JSON that says which door to open. Its folder must be the one of the command line. */
export async function readDoorRequest(folder: string, signal: AbortSignal): Promise<DoorRequest> {
  const input = createReadStream('', { fd: doorDescriptor, encoding: 'utf8', autoClose: true });
  const deadline = withDeadline(readTimeoutMs, 'the door key on descriptor 3', signal);
  deadline.addEventListener('abort', () => input.destroy(), { once: true });
  let text = '';
  try {
    for await (const chunk of input as AsyncIterable<string>) {
      text += chunk;
      if (text.includes('\n') || text.length > maxRequestLength) break;
    }
  } finally {
    input.destroy();
  }
  deadline.throwIfAborted();
  const request = parseJson(text.split('\n')[0] ?? '', parseDoorRequest);
  if (!request.ok) throw new Error(`descriptor 3: ${request.error.message}`);
  if (request.value.folder !== folder)
    throw new Error('the folder on descriptor 3 is not the one of the command line');
  return request.value;
}

/** Asks the agent to open the door. Resolves with the agent's address, whose socket is the door's. */
export async function openDoor(
  agent: AgentAddress,
  request: DoorRequest,
  signal: AbortSignal,
): Promise<AgentAddress> {
  const deadline = withDeadline(openTimeoutMs, 'the agent', signal);
  const { socket } = await requestJson(
    { socket: agent.socket, path: agentPaths.doors, method: 'POST', body: request, signal: deadline },
    parseDoorAnswer,
  );
  return { ...agent, socket };
}
