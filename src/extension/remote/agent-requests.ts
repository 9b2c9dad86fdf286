import type { Event } from '../../base/event';
import type { HttpConnection } from '../../base/http-connection';
import { withDeadline } from '../../base/time';
import {
  agentPaths,
  kernelOutputPath,
  kernelPath,
  parseFolders,
  parsePreferences,
  type Folders,
  type Hello,
  type Preferences,
} from '../../protocol/agent';
import { parseEnvironmentEvent, type Environment } from '../../protocol/environments';
import { WireError } from '../../protocol/errors';
import { jupyterKernelPath } from '../../protocol/jupyter';
import { parseKernelDetails, type KernelDetails, type KernelRequest } from '../../protocol/kernels';
import { parseJson } from '../../base/parse';
import type { ListStore } from './list-store';
import { readLines } from './ndjson';
import type { RemoteAgent, RemoteCapabilities, RemoteKernel } from './remote-agent';
import { readText, send, sendForJson } from './requests';

/** Short questions; the caller's signal can end them earlier. */
const answerTimeoutMs = 20_000;
/** The agent has its own deadline for a kernel's start and says why it passed; this one is for an agent that says nothing. */
const kernelStartTimeoutMs = 180_000;
const kernelEndTimeoutMs = 60_000;
const refreshTimeoutMs = 120_000;
const maxKernelOutputBytes = 4 * 1024 * 1024;

/** The requests of a {@link RemoteAgent}, over whatever connection is the current one. */
export abstract class AgentRequests implements RemoteAgent {
  abstract readonly isAttached: boolean;
  abstract readonly onDidChangeAttachment: Event<boolean>;
  abstract readonly hello: Hello | undefined;
  abstract readonly capabilities: RemoteCapabilities;
  abstract readonly environments: ListStore<Environment>;
  abstract readonly kernels: ListStore<KernelDetails>;
  abstract openKernel(kernelId: string, sessionId: string): RemoteKernel;

  /** Throws a `LostConnectionError` while detached. */
  protected abstract currentHttp(): HttpConnection;

  async refreshEnvironments(outer: AbortSignal): Promise<void> {
    const signal = withDeadline(refreshTimeoutMs, 'searching environments', outer);
    const response = await send(this.currentHttp(), {
      path: `${agentPaths.environments}?refresh`,
      signal,
    });
    if (response.body === null) return;
    // Only what is new is taken from here. What is gone, and how fresh the list is, the stream that is always open says.
    for await (const line of readLines(response.body, () => undefined)) {
      const event = parseJson(line, parseEnvironmentEvent);
      if (event.ok && event.value.event === 'environment') this.environments.put(event.value.environment);
    }
  }

  async startKernel(request: KernelRequest, outer: AbortSignal): Promise<KernelDetails> {
    const signal = withDeadline(kernelStartTimeoutMs, 'starting the kernel', outer);
    const details = await sendForJson(
      this.currentHttp(),
      { method: 'POST', path: agentPaths.kernels, body: request, signal },
      parseKernelDetails,
    );
    this.kernels.put(details);
    return details;
  }

  async findKernel(kernelId: string, outer: AbortSignal): Promise<KernelDetails | undefined> {
    const signal = withDeadline(answerTimeoutMs, 'the agent', outer);
    try {
      return await sendForJson(
        this.currentHttp(),
        { path: kernelPath(kernelId), signal },
        parseKernelDetails,
      );
    } catch (error) {
      if (error instanceof WireError && error.code === 'kernel-not-found') return undefined;
      throw error;
    }
  }

  async interruptKernel(kernelId: string, outer: AbortSignal): Promise<void> {
    const signal = withDeadline(answerTimeoutMs, 'interrupting the kernel', outer);
    await this.command('POST', `${jupyterKernelPath(kernelId)}/interrupt`, signal);
  }

  async restartKernel(kernelId: string, outer: AbortSignal): Promise<void> {
    const signal = withDeadline(kernelStartTimeoutMs, 'restarting the kernel', outer);
    await this.command('POST', `${jupyterKernelPath(kernelId)}/restart`, signal);
  }

  /** A kernel that is not there any more counts as shut down. */
  async shutDownKernel(kernelId: string, outer: AbortSignal): Promise<void> {
    const signal = withDeadline(kernelEndTimeoutMs, 'shutting the kernel down', outer);
    try {
      await this.command('DELETE', jupyterKernelPath(kernelId), signal);
    } catch (error) {
      if (!(error instanceof WireError) || error.status !== 404) throw error;
    }
  }

  async readKernelOutput(kernelId: string, outer: AbortSignal): Promise<string> {
    const signal = withDeadline(answerTimeoutMs, 'the agent', outer);
    const response = await send(this.currentHttp(), { path: kernelOutputPath(kernelId), signal });
    return await readText(response, maxKernelOutputBytes, signal);
  }

  async listFolders(path: string, outer: AbortSignal): Promise<Folders> {
    const signal = withDeadline(answerTimeoutMs, 'listing folders', outer);
    const query = new URLSearchParams({ path }).toString();
    return await sendForJson(
      this.currentHttp(),
      { path: `${agentPaths.folders}?${query}`, signal },
      parseFolders,
    );
  }

  async readPreferences(outer: AbortSignal): Promise<Preferences> {
    const signal = withDeadline(answerTimeoutMs, 'the agent', outer);
    return await sendForJson(this.currentHttp(), { path: agentPaths.preferences, signal }, parsePreferences);
  }

  async writePreferences(preferences: Preferences, outer: AbortSignal): Promise<void> {
    const signal = withDeadline(answerTimeoutMs, 'the agent', outer);
    const path = agentPaths.preferences;
    const response = await send(this.currentHttp(), { method: 'PUT', path, body: preferences, signal });
    await response.body?.cancel();
  }

  private async command(method: 'POST' | 'DELETE', path: string, signal: AbortSignal): Promise<void> {
    const response = await send(this.currentHttp(), { method, path, signal });
    await response.body?.cancel();
  }
}
