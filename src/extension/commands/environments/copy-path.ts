import * as vscode from 'vscode';
import type { Endpoint } from '../../transports/transport';
import type { CommandHandler } from '../handler';

/** *Copy Path*: the folder of an environment, the working directory of a kernel, or the address of a host. */
export const copyPath: CommandHandler = async ({ hosts }, { target }) => {
  const host = hosts.get(target.hostId ?? '');
  const kernel = host?.agent.kernels.get(target.kernelId ?? '');
  const environment = host?.agent.environments.get(target.environmentId ?? '');
  const text = kernel?.workingDirectory ?? environment?.prefix ?? addressOf(host?.endpoints[0]);
  if (text !== undefined) await vscode.env.clipboard.writeText(text);
};

function addressOf(endpoint: Endpoint | undefined): string | undefined {
  switch (endpoint?.kind) {
    case undefined:
      return undefined;
    case 'local':
      return 'localhost';
    case 'tls':
      return `${endpoint.hostname.includes(':') ? `[${endpoint.hostname}]` : endpoint.hostname}:${endpoint.port}`;
    case 'ssh':
      return endpoint.destination;
    case 'jupyterhub':
      return endpoint.url;
  }
}
