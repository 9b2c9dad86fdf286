import type { KernelDetails } from '../../protocol/kernels';
import type { NotebookKernelReference } from '../editor/notebook-kernels';
import type { Host } from '../hosts/host';
import type { RememberedNotebook } from './remembered-notebooks';

/** What is known of a notebook's kernel, from which its {@link NotebookKernelReference} is made. */
export interface ReferenceFacts {
  /** `undefined` for a notebook without an environment of ours. */
  readonly remembered: RememberedNotebook | undefined;
  /** The host, if it is known. */
  readonly host: Host | undefined;
  readonly remoteFolder: string;
  /** The kernel as it was when it was opened; `undefined` while none is open. */
  readonly details: KernelDetails | undefined;
  /** The kernel that was seen to end, while no other one is open. */
  readonly endedKernelId: string | undefined;
}

/** Which environment and kernel the notebook uses, if any, and how the kernel stands. */
export function makeReference(facts: ReferenceFacts): NotebookKernelReference | undefined {
  const { remembered, host, remoteFolder, details, endedKernelId } = facts;
  if (remembered === undefined) return undefined;
  const { hostId, environmentId, environmentName, kernelId } = remembered;
  const base = { hostId, environmentId, environmentName, remoteFolder };
  if (kernelId === undefined) return { ...base, state: 'none' };
  if (host?.agent.isAttached !== true || isKernelOfAnother(remembered, host))
    return { ...base, kernelId, state: 'unreachable' };
  if (endedKernelId === kernelId) return { ...base, kernelId, state: 'dead' };
  const known = host.agent.kernels.get(kernelId)?.state ?? details?.state;
  return known === undefined ? { ...base, state: 'none' } : { ...base, kernelId, state: known };
}

/** Whether the kernel is that of another person than the one who is signed in to its host: it goes on, out of reach. */
export function isKernelOfAnother(
  remembered: RememberedNotebook | undefined,
  host: Pick<Host, 'agent'> | undefined,
): boolean {
  const own = remembered?.agentId;
  const signedIn = host?.agent.hello?.agentId;
  return own !== undefined && signedIn !== undefined && own !== signedIn;
}

/** What is remembered of the agent whose kernel it is; a host without one has nothing to remember. */
export function agentOf({ agent }: Pick<Host, 'agent'>): Pick<RememberedNotebook, 'agentId'> {
  return agent.hello === undefined ? {} : { agentId: agent.hello.agentId };
}
