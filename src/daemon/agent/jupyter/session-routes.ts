import { toError } from '../../../base/errors';
import { WireError } from '../../../protocol/errors';
import { jupyterPaths, parseSessionStart, type SessionStart } from '../../../protocol/jupyter';
import { sendJson, sendNothing } from '../../platform/http';
import { parameter, type Exchange, type Route } from '../http/router';
import type { Kernel } from '../kernels/kernel';
import { openSession, type AgentServices } from '../services';
import { toSessionModel, type FoundSession } from '../sessions';
import { requireModel } from './bodies';
import { startNamed } from './start';

/** The sessions of the Jupyter API. */
export function jupyterSessionRoutes(services: AgentServices): Route[] {
  const session = `${jupyterPaths.sessions}/{id}`;
  return [
    {
      method: 'GET',
      path: jupyterPaths.sessions,
      async handle({ response }) {
        await services.ready;
        sendJson(response, 200, services.sessions.list().map(toSessionModel));
      },
    },
    { method: 'POST', path: jupyterPaths.sessions, handle: (exchange) => createSession(services, exchange) },
    {
      method: 'GET',
      path: session,
      async handle(exchange) {
        await services.ready;
        const found = services.sessions.get(parameter(exchange, 'id'));
        sendJson(exchange.response, 200, toSessionModel(found));
      },
    },
    { method: 'PATCH', path: session, handle: (exchange) => changeSession(services, exchange) },
    {
      method: 'DELETE',
      path: session,
      async handle(exchange) {
        await services.ready;
        const found = services.sessions.get(parameter(exchange, 'id'));
        await services.kernels.shutdown(found.kernel.id);
        sendNothing(exchange.response);
      },
    },
  ];
}

async function createSession(
  services: AgentServices,
  { request, response, signal }: Exchange,
): Promise<void> {
  await services.ready;
  const model = await requireModel(request, parseSessionStart);
  if (model.path === undefined) throw new WireError('bad-request', 'Missing field in JSON data: path');
  if (model.type === undefined || model.type === null)
    throw new WireError('bad-request', 'Missing field in JSON data: type');
  const reference = { path: model.path, name: model.name ?? '', type: model.type };
  const name = model.kernel?.name ?? undefined;
  const running = services.kernels.find(model.kernel?.id ?? '');
  let found: FoundSession;
  try {
    found =
      running === undefined
        ? await openSession(services, reference, (session) =>
            startNamed(
              services,
              { name, path: reference.path, variables: model.kernel?.env, session },
              signal,
            ),
          )
        : await services.sessions.alone(
            reference.path,
            async () =>
              services.sessions.findLiving(reference.path) ?? services.sessions.attach(running, reference),
          );
  } catch (error) {
    if (!(error instanceof WireError) || error.code !== 'kernelspec-not-found') throw error;
    sendJson(response, 501, {
      message: `The '${name ?? ''}' kernel is not available. Please pick another suitable kernel instead, or install that kernel.`,
      short_message: `${name ?? ''} not found`,
      code: error.code,
    });
    return;
  }
  sendJson(response, 201, toSessionModel(found), {
    location: `${jupyterPaths.sessions}/${encodeURIComponent(found.session.id)}`,
  });
}

async function changeSession(services: AgentServices, exchange: Exchange): Promise<void> {
  await services.ready;
  const model = await requireModel(exchange.request, parseSessionStart);
  const before = services.sessions.get(parameter(exchange, 'id'));
  let kernel: Kernel;
  try {
    kernel = await chooseKernel(services, model, before, exchange.signal);
  } catch (error) {
    const name = model.kernel?.name;
    if (name === undefined || name === null || (error instanceof WireError && error.code === 'bad-request'))
      throw error;
    sendJson(exchange.response, 501, {
      message: `The '${name}' kernel could not be started: ${toError(error).message}`,
      short_message: `Error starting kernel ${name}`,
      ...(error instanceof WireError ? error.toBody() : {}),
    });
    return;
  }
  const changed = await services.sessions.change(
    before,
    {
      ...(model.path === undefined ? {} : { path: model.path }),
      ...(model.name === undefined || model.name === null ? {} : { name: model.name }),
      ...(model.type === undefined || model.type === null ? {} : { type: model.type }),
    },
    kernel,
  );
  // A session that got another kernel leaves nobody to end the one before.
  if (kernel !== before.kernel) await services.kernels.shutdown(before.kernel.id);
  sendJson(exchange.response, 200, toSessionModel(changed));
}

async function chooseKernel(
  services: AgentServices,
  model: SessionStart,
  before: FoundSession,
  signal: AbortSignal,
): Promise<Kernel> {
  const id = model.kernel?.id ?? undefined;
  if (id !== undefined) {
    const kernel = services.kernels.find(id);
    if (kernel === undefined) throw new WireError('bad-request', `No such kernel: ${id}`);
    return kernel;
  }
  const name = model.kernel?.name ?? undefined;
  if (name === undefined) return before.kernel;
  return startNamed(services, { name, path: before.session.path, variables: model.kernel?.env }, signal);
}
