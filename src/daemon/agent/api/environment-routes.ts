import { nextEvent } from '../../../base/event';
import { toError } from '../../../base/errors';
import { agentPaths } from '../../../protocol/agent';
import { sendJson } from '../../platform/http';
import { openEventStream, whenAborted } from '../http/event-stream';
import { parameter, type Exchange, type Route } from '../http/router';
import { awaitEnvironment } from '../kernels/launch-kernel';
import type { AgentServices } from '../services';

/** The list of environments as it is found, and one of them. */
export function environmentRoutes(services: AgentServices): Route[] {
  return [
    {
      method: 'GET',
      path: agentPaths.environments,
      handle: (exchange) => streamEnvironments(services, exchange),
    },
    {
      method: 'GET',
      path: `${agentPaths.environments}/{id}`,
      async handle(exchange) {
        const id = parameter(exchange, 'id');
        sendJson(exchange.response, 200, await awaitEnvironment(services.catalog, id, exchange.signal));
      },
    },
  ];
}

/** What is known is sent at once, then each find, then `complete`; with `?watch` every change after that. */
async function streamEnvironments(
  services: AgentServices,
  { response, query, signal }: Exchange,
): Promise<void> {
  const { catalog } = services;
  const isWatching = query.has('watch');
  const refreshed = query.has('refresh') ? catalog.refresh(signal) : undefined;
  const stream = openEventStream(response, signal);
  let isListed = false;
  const subscription = catalog.onDidChange((event) => {
    // The catalog says `complete` after every search; a client hears it when its own list is whole.
    if (event.event !== 'complete' && event.event !== 'ping') stream.send(event);
  });
  const end = () => subscription.dispose();
  whenAborted(signal, end);
  try {
    for (const environment of catalog.environments) stream.send({ event: 'environment', environment });
    await refreshed;
    while (!catalog.isComplete) await nextEvent(catalog.onDidChange, signal);
    stream.send({ event: 'complete', total: catalog.environments.length });
    isListed = true;
  } catch (error) {
    if (!signal.aborted)
      services.logger.warn(`the list of environments broke off: ${toError(error).message}`);
  }
  if (isWatching && isListed && !signal.aborted) return;
  end();
  stream.end();
}
