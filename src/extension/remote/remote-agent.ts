import type { Kernel } from '@jupyterlab/services';
import type { Disposable } from '../../base/disposable';
import type { Event } from '../../base/event';
import type { Folders, Hello, Preferences } from '../../protocol/agent';
import type { Environment } from '../../protocol/environments';
import type { KernelDetails, KernelRequest } from '../../protocol/kernels';

/** A list that follows the host: filled while it streams in, kept (and marked as stale) while the connection is away. */
export interface WatchedList<T> {
  /** In stable order: by name, then id. The array is replaced, never changed. */
  readonly items: readonly T[];
  /** `loading` until the host has sent the whole list once; `stale` while it cannot be asked. */
  readonly freshness: 'unknown' | 'loading' | 'current' | 'stale';
  readonly onDidChange: Event<void>;
  get(id: string): T | undefined;
}

/** What a host can do for us beyond the Jupyter server API. Absence is shown, not an error. */
export interface RemoteCapabilities {
  readonly hasEnvironments: boolean;
  readonly hasFolders: boolean;
  readonly hasPreferences: boolean;
  /** Whether the administrator of the host lets this user change environments, or only list them. */
  readonly canChangeEnvironments: boolean;
}

/**
 * The client of one user's agent on one host. It lives as long as the host is known and outlives connections: `hosts/` attaches the current
 * one and takes it away. While detached, requests reject with a `ConnectionError`-like error of code `lost`; open {@link RemoteKernel}s stay
 * and go on by themselves after the next attachment. Requests reject with `WireError` for what the agent refuses.
 */
export interface RemoteAgent {
  readonly isAttached: boolean;
  /** Fires with the new value. */
  readonly onDidChangeAttachment: Event<boolean>;
  /** Of the current or last connection. */
  readonly hello: Hello | undefined;
  readonly capabilities: RemoteCapabilities;
  readonly environments: WatchedList<Environment>;
  readonly kernels: WatchedList<KernelDetails>;
  refreshEnvironments(signal: AbortSignal): Promise<void>;
  /** Gives the running kernel of the session back if there is one, otherwise starts one and waits until it answers. */
  startKernel(request: KernelRequest, signal: AbortSignal): Promise<KernelDetails>;
  /** Asks the host itself, not the list. `undefined` when the host says that there is none. */
  findKernel(kernelId: string, signal: AbortSignal): Promise<KernelDetails | undefined>;
  interruptKernel(kernelId: string, signal: AbortSignal): Promise<void>;
  restartKernel(kernelId: string, signal: AbortSignal): Promise<void>;
  shutDownKernel(kernelId: string, signal: AbortSignal): Promise<void>;
  /** What the kernel printed outside its channels. */
  readKernelOutput(kernelId: string, signal: AbortSignal): Promise<string>;
  listFolders(path: string, signal: AbortSignal): Promise<Folders>;
  readPreferences(signal: AbortSignal): Promise<Preferences>;
  writePreferences(preferences: Preferences, signal: AbortSignal): Promise<void>;
  /**
   * Opens the kernel's channels. The same `sessionId` as before a reload gets what the keeper kept for it meanwhile. The caller disposes;
   * that closes the channels and leaves the kernel alone.
   */
  openKernel(kernelId: string, sessionId: string): RemoteKernel;
}

/** One client's channels with one kernel. */
export interface RemoteKernel extends Disposable {
  readonly id: string;
  readonly sessionId: string;
  /**
   * The maintained client of the protocol: the same object through every loss of the network, in which it queues requests. When the kernel has
   * ended (`onDidEnd`) it is of no use any more, also if the kernel is restarted under the same id: dispose this and open the kernel again.
   */
  readonly connection: Kernel.IKernelConnection;
  /** Whether messages can flow now. */
  readonly isOpen: boolean;
  /** Fires with the new value of `isOpen`. */
  readonly onDidChangeOpen: Event<boolean>;
  /** Fires when the host itself says that the kernel is gone or dead; a lost connection never fires it. */
  readonly onDidEnd: Event<KernelDetails | undefined>;
  /**
   * Fires when the host says that the kernel's keeper died and was replaced: what the kernel sent in between is not known, also not how much it
   * was.
   */
  readonly onDidMiss: Event<void>;
}
