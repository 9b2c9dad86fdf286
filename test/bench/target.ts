import type { KernelClient } from './kernel-client';

/** An open way to one kernel, with a reader that can be stopped where the way has one. */
export interface OpenKernel {
  readonly client: KernelClient;
  readonly pause?: () => void;
  readonly resume?: () => void;
}

/** A kernel started on some target. */
export interface StartedKernel {
  /** Opens one more way to it, as a client does. */
  open(): Promise<OpenKernel>;
  /** The processes that carry messages between it and clients; the kernel itself is not among them. */
  readonly carriers: readonly number[];
  shutDown(): Promise<void>;
}

/** The kernels that the benchmark starts: one without cost, and the one that people use. */
export type KernelName = 'bench-costless' | 'bench-ipykernel';

/** A system that starts kernels and carries their messages. */
export interface Target {
  readonly name: string;
  startKernel(name: KernelName): Promise<StartedKernel>;
  close(): Promise<void>;
}

/** What targets are started with. */
export interface Ground {
  readonly home: string;
  readonly environment: Record<string, string>;
  /** Python with jupyter_server and ipykernel. */
  readonly python: string;
  /** `argv` of both kernels, as in their kernelspecs. */
  readonly argv: Record<KernelName, readonly string[]>;
  readonly daemonBundle: string;
}
