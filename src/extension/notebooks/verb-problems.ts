import { t } from '@vscode/l10n';
import { toError } from '../../base/errors';
import { toSingleLine } from '../../base/text';
import type { Host } from '../hosts/host';

/** What a person wants of a kernel that runs. */
export type KernelVerb = 'interrupt' | 'restart' | 'shut-down';

/** The kernel belongs to another person than the one who is signed in to its host, so nothing was asked of that host. */
export class KernelOfAnotherError extends Error {
  constructor() {
    super('the kernel belongs to another person');
    this.name = 'KernelOfAnotherError';
  }
}

/** That the kernel of a notebook is as it was although a person wanted otherwise, and why. */
export function describeVerbFailure(verb: KernelVerb, error: unknown, hostName: string): string {
  const host = toSingleLine(hostName, 80);
  const reason = verbReason(verb, error, host);
  switch (verb) {
    case 'interrupt':
      return t('The kernel of this notebook on {0} was not interrupted: {1}', host, reason);
    case 'restart':
      return t('The kernel of this notebook on {0} was not restarted: {1}', host, reason);
    case 'shut-down':
      return t('The kernel of this notebook on {0} was not shut down: {1}', host, reason);
  }
}

/** Why a kernel that was to be attached is not there. `agentId` is of whoever was signed in to the host when it was chosen. */
export function describeMissingKernel(
  { name, agent }: Pick<Host, 'name' | 'agent'>,
  agentId: string | undefined,
): string {
  const host = toSingleLine(name, 80);
  return agentId !== undefined && agent.hello !== undefined && agent.hello.agentId !== agentId
    ? t('This kernel on {0} belongs to another person than the one who is signed in there. It goes on.', host)
    : t('That kernel on {0} is not running any more.', host);
}

/** Why something with a host did not work, as the end of a sentence that names what. */
export function reasonWords(error: unknown, hostName: string): string {
  const { name, message } = toError(error);
  const host = toSingleLine(hostName, 80);
  if (name === 'TimeoutError') return t('{0} did not answer in time.', host);
  if (isLost(error)) return t('{0} is not connected at the moment.', host);
  return toSingleLine(message, 200);
}

function verbReason(verb: KernelVerb, error: unknown, host: string): string {
  if (error instanceof KernelOfAnotherError)
    return t('it belongs to another person than the one who is signed in there. It goes on.');
  if (verb === 'interrupt' && isLost(error))
    return t('{0} is not connected at the moment. The cells that waited were stopped.', host);
  return reasonWords(error, host);
}

function isLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'lost';
}
