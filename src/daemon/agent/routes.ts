import { agentRoutes } from './api/agent-routes';
import { environmentRoutes } from './api/environment-routes';
import { kernelRoutes } from './api/kernel-routes';
import type { Route } from './http/router';
import { identityRoutes } from './jupyter/identity-routes';
import { jupyterKernelRoutes } from './jupyter/kernel-routes';
import { kernelspecRoutes } from './jupyter/kernelspec-routes';
import { jupyterSessionRoutes } from './jupyter/session-routes';
import type { AgentServices } from './services';

/** Every address at which the agent answers. */
export function agentRouteTable(services: AgentServices): Route[] {
  return [
    ...agentRoutes(services),
    ...environmentRoutes(services),
    ...kernelRoutes(services),
    ...jupyterKernelRoutes(services),
    ...jupyterSessionRoutes(services),
    ...kernelspecRoutes(services),
    ...identityRoutes(services),
  ];
}
