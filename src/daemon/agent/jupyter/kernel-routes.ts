import {
  jupyterKernelPath,
  jupyterPaths,
  jupyterServerVersion,
  parseKernelStart,
} from '../../../protocol/jupyter';
import { sendJson, sendNothing } from '../../platform/http';
import { parameter, type Route } from '../http/router';
import type { AgentServices } from '../services';
import { readModel } from './bodies';
import { startNamed } from './start';

/** `/api`, `/api/status` and the kernels of the Jupyter API. */
export function jupyterKernelRoutes(services: AgentServices): Route[] {
  const kernel = `${jupyterPaths.kernels}/{id}`;
  return [
    {
      method: 'GET',
      path: jupyterPaths.api,
      handle: ({ response }) => sendJson(response, 200, { version: jupyterServerVersion }),
    },
    {
      method: 'GET',
      path: jupyterPaths.status,
      async handle({ response }) {
        await services.ready;
        sendJson(response, 200, describeStatus(services));
      },
    },
    {
      method: 'GET',
      path: jupyterPaths.kernels,
      async handle({ response }) {
        await services.ready;
        sendJson(
          response,
          200,
          services.kernels.list().map((found) => found.toModel()),
        );
      },
    },
    {
      method: 'POST',
      path: jupyterPaths.kernels,
      async handle({ request, response, signal }) {
        await services.ready;
        const model = (await readModel(request, parseKernelStart)) ?? {};
        const started = await startNamed(
          services,
          { name: model.name, path: model.path, variables: model.env },
          signal,
        );
        sendJson(response, 201, started.toModel(), { location: jupyterKernelPath(started.id) });
      },
    },
    {
      method: 'GET',
      path: kernel,
      async handle(exchange) {
        await services.ready;
        sendJson(exchange.response, 200, services.kernels.get(parameter(exchange, 'id')).toModel());
      },
    },
    {
      method: 'DELETE',
      path: kernel,
      async handle(exchange) {
        await services.ready;
        await services.kernels.shutdown(parameter(exchange, 'id'));
        sendNothing(exchange.response);
      },
    },
    {
      method: 'POST',
      path: `${kernel}/interrupt`,
      async handle(exchange) {
        await services.ready;
        await services.kernels.interrupt(parameter(exchange, 'id'));
        sendNothing(exchange.response);
      },
    },
    {
      method: 'POST',
      path: `${kernel}/restart`,
      async handle(exchange) {
        await services.ready;
        const id = parameter(exchange, 'id');
        await services.kernels.restart(id);
        sendJson(exchange.response, 200, services.kernels.get(id).toModel());
      },
    },
  ];
}

function describeStatus(services: AgentServices) {
  const kernels = services.kernels.list().map((found) => found.toModel());
  const activities = kernels.map((model) => model.last_activity);
  return {
    connections: kernels.reduce((sum, model) => sum + model.connections, 0),
    kernels: kernels.length,
    last_activity: [services.startedAt.toISOString(), ...activities].sort().at(-1),
    started: services.startedAt.toISOString(),
  };
}
