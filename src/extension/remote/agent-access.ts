import type { Event } from '../../base/event';
import type { HttpConnection } from '../../base/http-connection';
import type { KernelDetails } from '../../protocol/kernels';
import type { WatchedList } from './remote-agent';

/** What an open kernel needs of its agent's client: the connection of the moment, and what the host says of the kernel. */
export interface AgentAccess {
  /** The connection to use now; `undefined` while detached. */
  readonly http: HttpConnection | undefined;
  readonly onDidChangeAttachment: Event<boolean>;
  readonly kernels: WatchedList<KernelDetails>;
  findKernel(kernelId: string, signal: AbortSignal): Promise<KernelDetails | undefined>;
  /** Something at the other end did not answer: finds out whether the host is still there. */
  suspectLoss(reason: Error): void;
}

/** The connection of the moment, or the next one. Rejects with the signal's reason when that comes first. */
export async function whenAttached(access: AgentAccess, signal: AbortSignal): Promise<HttpConnection> {
  signal.throwIfAborted();
  if (access.http !== undefined) return access.http;
  return await new Promise((resolve, reject) => {
    const subscription = access.onDidChangeAttachment(() => {
      if (access.http === undefined) return;
      subscription.dispose();
      signal.removeEventListener('abort', onAbort);
      resolve(access.http);
    });
    const onAbort = () => {
      subscription.dispose();
      reject(new DOMException('not waited for any longer', 'AbortError'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
