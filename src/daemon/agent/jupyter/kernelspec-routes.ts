import { lstat, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { nextEvent } from '../../../base/event';
import { isAbortError } from '../../../base/errors';
import { withDeadline } from '../../../base/time';
import { WireError } from '../../../protocol/errors';
import { jupyterPaths, type Kernelspecs } from '../../../protocol/jupyter';
import type { Environment } from '../../../protocol/environments';
import { sendJson } from '../../platform/http';
import { parameter, type Exchange, type Route } from '../http/router';
import type { AgentServices } from '../services';
import {
  defaultKernelspecName,
  describeKernelspec,
  isKernelspecResource,
  kernelspecFolder,
  nameKernelspecs,
  resolveKernelspec,
} from './kernelspecs';

/** How long a client of the Jupyter API, which knows no streams, waits for the first search to end. */
const searchTimeoutMs = 10_000;

/** The largest logo or script of a kernelspec that is sent. */
const maxResourceBytes = 4 * 1024 * 1024;

const resourceTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.jpg': 'image/jpeg',
  '.gif': 'image/gif',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** The kernelspecs of the Jupyter API, and the files beside them. */
export function kernelspecRoutes(services: AgentServices): Route[] {
  return [
    {
      method: 'GET',
      path: jupyterPaths.kernelspecs,
      async handle({ response, signal }) {
        await awaitSearch(services, signal);
        const named = nameKernelspecs(services.catalog.environments, readSearchPath());
        const kernelspecs: Kernelspecs['kernelspecs'] = {};
        await Promise.all(
          [...named].map(async ([name, environment]) => {
            const model = await describeKernelspec(name, environment, services.logger);
            if (model !== undefined) kernelspecs[name] = model;
          }),
        );
        sendJson(response, 200, { default: defaultKernelspecName(named), kernelspecs });
      },
    },
    {
      method: 'GET',
      path: `${jupyterPaths.kernelspecs}/{name}`,
      async handle(exchange) {
        const { name, environment } = await findNamed(services, exchange);
        const model = await describeKernelspec(name, environment, services.logger);
        if (model === undefined) throw notFound(name);
        sendJson(exchange.response, 200, model);
      },
    },
    {
      method: 'GET',
      path: '/kernelspecs/{name}/{file}',
      async handle(exchange) {
        const { environment } = await findNamed(services, exchange);
        await sendResource(exchange, environment, parameter(exchange, 'file'));
      },
    },
  ];
}

/** Waits until the environments were searched once, for a bounded time: what is known then is the answer. */
export async function awaitSearch({ catalog }: AgentServices, signal: AbortSignal): Promise<void> {
  const deadline = withDeadline(searchTimeoutMs, 'the search for environments', signal);
  try {
    while (!catalog.isComplete) await nextEvent(catalog.onDidChange, deadline);
  } catch (error) {
    if (signal.aborted || !isAbortError(error)) throw error;
  }
}

/** The PATH by which the default Python is chosen. */
export function readSearchPath(): string {
  return process.env.PATH ?? '';
}

async function findNamed(services: AgentServices, exchange: Exchange) {
  const name = parameter(exchange, 'name');
  await awaitSearch(services, exchange.signal);
  const found = resolveKernelspec(services.catalog.environments, name, readSearchPath());
  if (found === undefined) throw notFound(name);
  return found;
}

function notFound(name: string): WireError {
  return new WireError('kernelspec-not-found', `Kernel spec ${name} not found`);
}

async function sendResource({ response }: Exchange, environment: Environment, file: string): Promise<void> {
  const path = join(kernelspecFolder(environment), file);
  const found = isKernelspecResource(file) ? await lstat(path).catch(() => undefined) : undefined;
  if (found?.isFile() !== true || found.size > maxResourceBytes)
    throw new WireError('not-found', 'Not Found');
  response.writeHead(200, {
    'content-type': resourceTypes[extname(file)] ?? 'text/plain',
    'x-content-type-options': 'nosniff',
    // A logo can be an SVG with scripts in it.
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    'cache-control': 'max-age=3600',
  });
  response.end(await readFile(path));
}
