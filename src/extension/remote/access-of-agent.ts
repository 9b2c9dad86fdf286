import type { Disposable } from '../../base/disposable';
import type { HttpConnection } from '../../base/http-connection';
import type { Hello } from '../../protocol/agent';
import type { KernelDetails } from '../../protocol/kernels';
import type { AgentAccess } from './agent-access';
import { LostConnectionError } from './lost-connection-error';
import type { WatchedList } from './remote-agent';

/** The client of whatever agent the host's connection leads to. */
export interface ChangingAgentAccess extends AgentAccess {
  /** Of the current or last connection. */
  readonly hello: Pick<Hello, 'agentId'> | undefined;
}

/**
 * The way to one agent, as what belongs to it may use it: while somebody else is signed in to the host, the connection leads to that person's
 * agent, whose answers say nothing about this one's kernels. Then there is no connection for them, and they wait as for a network.
 */
export class AccessOfAgent implements AgentAccess {
  constructor(
    private readonly client: ChangingAgentAccess,
    /** Absent for a host without an agent: then every connection is the right one. */
    private readonly agentId: string | undefined,
  ) {}

  get http(): HttpConnection | undefined {
    return this.isRight ? this.client.http : undefined;
  }

  get kernels(): WatchedList<KernelDetails> {
    return this.client.kernels;
  }

  /** See {@link AgentAccess}. */
  onDidChangeAttachment(listener: (isAttached: boolean) => void): Disposable {
    return this.client.onDidChangeAttachment((isAttached) => listener(isAttached && this.isRight));
  }

  /** Rejects with a {@link LostConnectionError} while the connection leads elsewhere. */
  async findKernel(kernelId: string, signal: AbortSignal): Promise<KernelDetails | undefined> {
    if (!this.isRight) throw new LostConnectionError('somebody else is signed in to the host');
    return await this.client.findKernel(kernelId, signal);
  }

  suspectLoss(reason: Error): void {
    if (this.isRight) this.client.suspectLoss(reason);
  }

  private get isRight(): boolean {
    return this.agentId === undefined || this.client.hello?.agentId === this.agentId;
  }
}
