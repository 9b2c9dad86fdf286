import { agentPaths, parseDoorRequest, parsePreferences, type Folders } from '../../../protocol/agent';
import { WireError } from '../../../protocol/errors';
import { readJsonBody, sendJson } from '../../platform/http';
import { parameter, type Route } from '../http/router';
import type { AgentServices } from '../services';
import { listFolders } from './folders';

/** The first request of every connection, and what belongs to the agent as a whole. */
export function agentRoutes(services: AgentServices): Route[] {
  return [
    {
      method: 'GET',
      path: agentPaths.hello,
      handle: ({ response, entrance }) => sendJson(response, 200, services.hello(entrance)),
    },
    {
      method: 'GET',
      path: agentPaths.folders,
      async handle({ response, query }) {
        const folders: Folders = await listFolders(query.get('path') ?? '~', services.homeFolder);
        sendJson(response, 200, folders);
      },
    },
    {
      method: 'GET',
      path: agentPaths.preferences,
      async handle({ response }) {
        await services.ready;
        sendJson(response, 200, services.preferences.current);
      },
    },
    {
      method: 'PUT',
      path: agentPaths.preferences,
      async handle({ request, response }) {
        await services.ready;
        await services.preferences.replace(await readJsonBody(request, parsePreferences));
        sendJson(response, 200, services.preferences.current);
      },
    },
    {
      method: 'POST',
      path: agentPaths.doors,
      async handle({ request, response, entrance }) {
        // Somebody who came by a door could otherwise make one for a front door of their own.
        if (entrance.kind !== 'private') throw new WireError('not-found', 'Not Found');
        const socket = await services.doors.open(await readJsonBody(request, parseDoorRequest));
        sendJson(response, 200, { socket });
      },
    },
    { method: 'GET', path: agentPaths.jobs, handle: ({ response }) => sendJson(response, 200, []) },
    {
      method: 'GET',
      path: `${agentPaths.jobs}/{id}`,
      handle: (exchange) => refuseJob(parameter(exchange, 'id')),
    },
    {
      method: 'GET',
      path: `${agentPaths.jobs}/{id}/events`,
      handle: (exchange) => refuseJob(parameter(exchange, 'id')),
    },
    {
      method: 'DELETE',
      path: `${agentPaths.jobs}/{id}`,
      handle: (exchange) => refuseJob(parameter(exchange, 'id')),
    },
  ];
}

/** This agent runs no jobs, so no id of one can be known. */
function refuseJob(id: string): never {
  throw new WireError('job-not-found', `there is no job ${id}`);
}
