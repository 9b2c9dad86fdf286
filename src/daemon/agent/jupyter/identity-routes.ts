import { sendJson } from '../../platform/http';
import type { Entrance, Route } from '../http/router';
import type { AgentServices } from '../services';

/** Who the client is, as `jupyter_server` 2 tells it: JupyterLab asks before it shows anything. */
export function identityRoutes(services: AgentServices): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/me',
      handle({ response, entrance }) {
        sendJson(response, 200, {
          identity: describeUser(services, entrance),
          permissions: { updatable_fields: [] },
        });
      },
    },
  ];
}

function describeUser(services: AgentServices, entrance: Entrance) {
  const { user } = services.hello(entrance);
  return {
    username: user,
    name: user,
    display_name: user,
    initials: user.slice(0, 2).toUpperCase(),
    avatar_url: null,
    color: null,
  };
}
