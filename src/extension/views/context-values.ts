import type { ContextValues } from '../editor/context-keys';
import type { NotebookKernelReference } from '../editor/notebook-kernels';
import type { Host } from '../hosts/host';
import { passesFilter } from './pickers/host-items';

/** What is true of the hosts and the notebook in front. */
export function contextValues(
  hosts: readonly Host[],
  hasNotebook: boolean,
  reference: NotebookKernelReference | undefined,
): ContextValues {
  const any = (filter: Parameters<typeof passesFilter>[1]) =>
    hosts.some((host) => passesFilter(host, filter));
  return {
    isConnected: any('connected'),
    canReconnect: any('lost'),
    canDisconnect: any('disconnectable'),
    isSignedIn: any('signed-in'),
    hasSavedHosts: any('saved'),
    hasChangedKey: any('key-changed'),
    hasKernels: hosts.some((host) => host.state.kind === 'connected' && host.agent.kernels.items.length > 0),
    hasNotebook,
    notebookHasEnvironment: reference !== undefined,
    notebookHasKernel: reference?.kernelId !== undefined,
  };
}
