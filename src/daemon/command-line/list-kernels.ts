import { request, type IncomingMessage } from 'node:http';
import { parseJson } from '../../base/parse';
import { withDeadline } from '../../base/time';
import { agentPaths, headers } from '../../protocol/agent';
import type { DaemonStatus } from '../../protocol/daemon-control';
import { parseKernelEvent } from '../../protocol/kernels';
import type { Door } from '../../protocol/supervisor';
import { readLines } from '../platform/socket-http';

const timeoutMs = 5_000;

/** The kernels of the agent behind the door, for `status`. Rejects when it does not answer. */
export async function listKernels(door: Door): Promise<NonNullable<DaemonStatus['kernels']>> {
  const kernels: NonNullable<DaemonStatus['kernels']> = [];
  for await (const line of readLines(await open(door))) {
    const event = parseJson(line, parseKernelEvent);
    if (!event.ok || event.value.event !== 'kernel') continue;
    const { id, state, session, environmentName, memoryBytes } = event.value.kernel;
    const memory = memoryBytes === undefined ? {} : { memoryBytes };
    const name = session?.name ?? environmentName;
    kernels.push({ id, state, name, environment: environmentName, ...memory });
  }
  return kernels;
}

function open(door: Door): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: door.socket,
      path: agentPaths.kernels,
      agent: false,
      signal: withDeadline(timeoutMs, 'the list of kernels'),
      headers: { host: 'localhost', [headers.doorKey]: door.doorKey },
    });
    outgoing.once('response', (answer) => {
      if (answer.statusCode === 200) resolve(answer);
      else {
        answer.resume();
        reject(new Error(`the agent answered ${String(answer.statusCode)}`));
      }
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}
