import * as v from 'valibot';
import { parserOf } from '../base/parse';

/**
 * The Jupyter server API, as `jupyter_server` 2 documents and answers it
 * (https://jupyter-server.readthedocs.io/en/latest/developers/rest-api.html).
 */
export const jupyterPaths = {
  api: '/api',
  status: '/api/status',
  kernelspecs: '/api/kernelspecs',
  kernels: '/api/kernels',
  sessions: '/api/sessions',
} as const;

/** `GET`, `DELETE`. */
export function jupyterKernelPath(id: string): string {
  return `${jupyterPaths.kernels}/${encodeURIComponent(id)}`;
}

/** The WebSocket of a kernel. */
export function jupyterChannelsPath(id: string): string {
  return `${jupyterKernelPath(id)}/channels`;
}

/** The version that `GET /api` gives: clients decide by it what the server can do, so it is that of the API we follow. */
export const jupyterServerVersion = '2.17.0';

/** The states that Jupyter knows for a kernel. */
export const kernelStates = ['starting', 'idle', 'busy', 'restarting', 'dead'] as const;

/** One of {@link kernelStates}. */
export type KernelState = (typeof kernelStates)[number];

const kernelModelSchema = v.object({
  id: v.string(),
  name: v.string(),
  last_activity: v.string(),
  execution_state: v.string(),
  connections: v.number(),
});

/** The kernel model of `/api/kernels`. */
export type KernelModel = v.InferOutput<typeof kernelModelSchema>;

/** Reads {@link KernelModel}. */
export const parseKernelModel = parserOf('kernel', kernelModelSchema);

const sessionModelSchema = v.object({
  id: v.string(),
  path: v.string(),
  name: v.string(),
  type: v.string(),
  kernel: kernelModelSchema,
});

/** The session model of `/api/sessions`. `notebook` beside it, for old clients, is written by the server and read by nobody of ours. */
export type SessionModel = v.InferOutput<typeof sessionModelSchema>;

/** Reads {@link SessionModel}. */
export const parseSessionModel = parserOf('session', sessionModelSchema);

const kernelStartSchema = v.object({
  name: v.exactOptional(v.nullable(v.string())),
  path: v.exactOptional(v.nullable(v.string())),
  /** Variables for the kernel, as gateway clients send them. */
  env: v.exactOptional(v.record(v.string(), v.string())),
});

/** Body of `POST /api/kernels`. */
export type KernelStart = v.InferOutput<typeof kernelStartSchema>;

/** Reads {@link KernelStart}. */
export const parseKernelStart = parserOf('kernel to start', kernelStartSchema);

const sessionStartSchema = v.object({
  path: v.exactOptional(v.string()),
  name: v.exactOptional(v.nullable(v.string())),
  type: v.exactOptional(v.nullable(v.string())),
  kernel: v.exactOptional(
    v.nullable(
      v.object({
        id: v.exactOptional(v.nullable(v.string())),
        name: v.exactOptional(v.nullable(v.string())),
        env: v.exactOptional(v.record(v.string(), v.string())),
      }),
    ),
  ),
});

/** Body of `POST` and `PATCH /api/sessions`. */
export type SessionStart = v.InferOutput<typeof sessionStartSchema>;

/** Reads {@link SessionStart}. */
export const parseSessionStart = parserOf('session', sessionStartSchema);

/** A kernelspec as in `kernel.json` (jupyter_client, "Kernel specs"). */
export interface Kernelspec {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode: 'signal' | 'message';
  readonly env: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const kernelspecFileSchema = v.object({
  argv: v.pipe(v.array(v.string()), v.minLength(1)),
  display_name: v.string(),
  language: v.string(),
  interrupt_mode: v.optional(v.picklist(['signal', 'message']), 'signal'),
  env: v.optional(v.record(v.string(), v.string()), {}),
  metadata: v.optional(v.record(v.string(), v.unknown()), {}),
});

/** Reads a `kernel.json`. */
export const parseKernelspecFile = parserOf<Kernelspec>('kernel.json', kernelspecFileSchema);

const kernelspecsSchema = v.object({
  default: v.string(),
  kernelspecs: v.record(
    v.string(),
    v.object({ name: v.string(), spec: kernelspecFileSchema, resources: v.record(v.string(), v.string()) }),
  ),
});

/** Answer to `GET /api/kernelspecs`. */
export type Kernelspecs = v.InferOutput<typeof kernelspecsSchema>;

/** Reads {@link Kernelspecs}. */
export const parseKernelspecs = parserOf('kernelspecs', kernelspecsSchema);
