import { agentPaths } from '../../../protocol/agent';
import { WireError } from '../../../protocol/errors';
import { parseKernelRequest, type KernelRequest } from '../../../protocol/kernels';
import { readJsonBody, sendJson } from '../../platform/http';
import { openEventStream, whenAborted } from '../http/event-stream';
import { parameter, type Exchange, type Route } from '../http/router';
import type { Kernel } from '../kernels/kernel';
import { awaitEnvironment } from '../kernels/launch-kernel';
import { readWorkingDirectory } from '../kernels/working-directory';
import { launchKernel, openSession, type AgentServices } from '../services';
import type { KeeperSession } from '../../../protocol/keeper';

/** Kernels with all that is known of them, and starting one in an environment. */
export function kernelRoutes(services: AgentServices): Route[] {
  return [
    { method: 'GET', path: agentPaths.kernels, handle: (exchange) => streamKernels(services, exchange) },
    {
      method: 'POST',
      path: agentPaths.kernels,
      async handle({ request, response, signal }) {
        await services.ready;
        const asked = await readJsonBody(request, parseKernelRequest);
        const { kernel, isFresh } = await startAsked(services, asked, signal);
        sendJson(response, isFresh ? 201 : 200, kernel.toDetails());
      },
    },
    {
      method: 'GET',
      path: `${agentPaths.kernels}/{id}`,
      async handle(exchange) {
        await services.ready;
        sendJson(exchange.response, 200, services.kernels.get(parameter(exchange, 'id')).toDetails());
      },
    },
    {
      method: 'GET',
      path: `${agentPaths.kernels}/{id}/output`,
      async handle(exchange) {
        await services.ready;
        const text = await services.kernels.output(parameter(exchange, 'id'));
        exchange.response.writeHead(200, {
          'content-type': 'text/plain; charset=utf-8',
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
        });
        exchange.response.end(text);
      },
    },
    {
      method: 'GET',
      path: `${agentPaths.kernels}/{id}/journal`,
      async handle(exchange) {
        await services.ready;
        const { id } = services.kernels.get(parameter(exchange, 'id'));
        throw new WireError('not-found', `kernel ${id} has no journal`);
      },
    },
  ];
}

async function startAsked(
  services: AgentServices,
  asked: KernelRequest,
  signal: AbortSignal,
): Promise<{ kernel: Kernel; isFresh: boolean }> {
  const start = async (session?: KeeperSession) =>
    launchKernel(services, {
      environment: await awaitEnvironment(services.catalog, asked.environmentId, signal),
      workingDirectory: await readWorkingDirectory(asked.workingDirectory, services.homeFolder),
      ...(asked.launcher === undefined ? {} : { launcher: asked.launcher }),
      ...(asked.variables === undefined ? {} : { variables: asked.variables }),
      ...(session === undefined ? {} : { session }),
    });
  if (asked.session === undefined) return { kernel: await start(), isFresh: true };
  return openSession(services, asked.session, start);
}

async function streamKernels(services: AgentServices, { response, query, signal }: Exchange): Promise<void> {
  await services.ready;
  const { kernels } = services;
  const stream = openEventStream(response, signal);
  const list = kernels.list();
  for (const kernel of list) stream.send({ event: 'kernel', kernel: kernel.toDetails() });
  stream.send({ event: 'complete', total: list.length });
  if (!query.has('watch')) {
    stream.end();
    return;
  }
  const subscription = kernels.onDidChange((event) => stream.send(event));
  whenAborted(signal, () => subscription.dispose());
}
