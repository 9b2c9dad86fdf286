import * as v from 'valibot';
import { parserOf } from '../base/parse';
import { kernelStates } from './jupyter';

/** Which program of an environment becomes the kernel. `kernelspec` runs the kernelspec's own `argv`. */
export const launchers = ['ipykernel', 'spyder-kernels', 'kernelspec'] as const;

/** One of {@link launchers}. */
export type Launcher = (typeof launchers)[number];

const text = v.pipe(v.string(), v.maxLength(4096));

const sessionReferenceSchema = v.object({ path: text, name: text, type: text });

const kernelRequestSchema = v.object({
  environmentId: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'not an environment id')),
  /** Default: `ipykernel` where it is installed, else `spyder-kernels`; `kernelspec` for kernelspecs. */
  launcher: v.exactOptional(v.picklist(launchers)),
  /** Default: the user's home. `~` is understood. */
  workingDirectory: v.exactOptional(text),
  /** The notebook it is for. A session of the same path that has a living kernel is given back as it is. */
  session: v.exactOptional(sessionReferenceSchema),
  /** Variables that win over those of the login shell and the environment. */
  variables: v.exactOptional(v.record(v.string(), v.string())),
});

/** Body of `POST /remote-kernels/v1/kernels`. Errors: see `errors.ts`, `kernel-…` and `environment-…`. */
export type KernelRequest = v.InferOutput<typeof kernelRequestSchema>;

/** Reads {@link KernelRequest}. */
export const parseKernelRequest = parserOf('kernel to start', kernelRequestSchema);

const exitSchema = v.object({
  /** Absent when a signal ended it, or when nobody was its parent any more (`exit code unknown`). */
  code: v.exactOptional(v.number()),
  signal: v.exactOptional(v.string()),
  /** ISO 8601. */
  at: v.string(),
  /** Memory of the kernel's processes when last measured, and of the machine: for "probably out of memory". */
  lastMemoryBytes: v.exactOptional(v.number()),
  totalMemoryBytes: v.exactOptional(v.number()),
  /** The end of what it printed outside its channels, at most 8 KiB. */
  output: v.exactOptional(v.string()),
});

/** How a kernel ended. */
export type KernelExit = v.InferOutput<typeof exitSchema>;

const kernelDetailsSchema = v.object({
  id: v.string(),
  state: v.picklist(kernelStates),
  /** ISO 8601: since when it has this state. */
  stateSince: v.string(),
  environmentId: v.exactOptional(v.string()),
  /** The environment's or kernelspec's name, to show. */
  environmentName: v.string(),
  kernelspecName: v.string(),
  launcher: v.picklist(launchers),
  language: v.string(),
  pid: v.exactOptional(v.number()),
  keeperPid: v.exactOptional(v.number()),
  memoryBytes: v.exactOptional(v.number()),
  startedAt: v.string(),
  lastActivity: v.string(),
  workingDirectory: v.string(),
  /** `tcp` means that other users of the host can read its output; it is said in the user interface. */
  transport: v.picklist(['ipc', 'tcp']),
  /** Open WebSockets. */
  connections: v.number(),
  /** How often it was restarted, by a person or by itself. */
  restarts: v.number(),
  session: v.exactOptional(
    v.object({ id: v.string(), path: v.string(), name: v.string(), type: v.string() }),
  ),
  exit: v.exactOptional(exitSchema),
  /** Messages of the kernel with a wrong signature, which were dropped. */
  badSignatures: v.number(),
  /** Times at which its keeper was replaced: what it sent in between is unknown. ISO 8601. */
  gaps: v.array(v.string()),
});

/** Everything that is known of one kernel. */
export type KernelDetails = Readonly<v.InferOutput<typeof kernelDetailsSchema>>;

/** Reads {@link KernelDetails}. */
export const parseKernelDetails = parserOf('kernel', kernelDetailsSchema);

const kernelEventSchema = v.variant('event', [
  v.object({ event: v.literal('kernel'), kernel: kernelDetailsSchema }),
  v.object({ event: v.literal('removed'), id: v.string() }),
  v.object({ event: v.literal('complete'), total: v.number() }),
  v.object({ event: v.literal('ping') }),
]);

/** One line of `GET /remote-kernels/v1/kernels`; with `?watch` the stream goes on with every change of state. */
export type KernelEvent = v.InferOutput<typeof kernelEventSchema>;

/** Reads {@link KernelEvent}. */
export const parseKernelEvent = parserOf('kernel event', kernelEventSchema);
