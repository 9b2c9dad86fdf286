import * as v from 'valibot';
import { parserOf } from '../base/parse';
import { kernelStates } from './jupyter';
import { launchers } from './kernels';

/**
 * Between agent and keeper. The agent starts `remote-kernels keeper` in a session of its own and writes one {@link KeeperOrder} as a JSON
 * line to its standard input (never argv or environment: the variables of a user can hold secrets). The keeper answers on standard output
 * with one {@link KeeperGreeting} a line until it listens and the kernel's start is decided; afterwards everything goes over its socket.
 */
export const keeperPaths = {
  /** `GET`: {@link KeeperState}; with `?watch` a stream of them, one JSON object a line. */
  state: '/keeper/state',
  /** `POST`: interrupt as the kernelspec says. */
  interrupt: '/keeper/interrupt',
  /** `POST`: the same kernel id with a fresh process. */
  restart: '/keeper/restart',
  /** `POST`: ends the kernel and then the keeper. `?force` does not ask the kernel first. */
  shutdown: '/keeper/shutdown',
  /** `PATCH` {@link KeeperSettings}. */
  settings: '/keeper/settings',
  /** `GET`: what the kernel printed outside its channels, as text. */
  output: '/keeper/output',
} as const;

const sessionSchema = v.object({ id: v.string(), path: v.string(), name: v.string(), type: v.string() });

/** The session that a kernel belongs to; kept with the kernel, so that it survives the agent. */
export type KeeperSession = v.InferOutput<typeof sessionSchema>;

const settingsSchema = v.object({
  /** `null` takes the session away. */
  session: v.exactOptional(v.nullable(sessionSchema)),
  restartAutomatically: v.exactOptional(v.boolean()),
  keepIdleForHours: v.exactOptional(v.nullable(v.number())),
});

/** What the agent may change while the kernel runs. */
export type KeeperSettings = v.InferOutput<typeof settingsSchema>;

/** Reads {@link KeeperSettings}. */
export const parseKeeperSettings = parserOf('keeper settings', settingsSchema);

const orderSchema = v.object({
  kernelId: v.pipe(v.string(), v.uuid()),
  /** The program, with `{connection_file}` where its path goes, as in a kernelspec. */
  argv: v.pipe(v.array(v.string()), v.minLength(1)),
  /** The whole environment of the kernel; nothing is inherited. `JPY_PARENT_PID` is not in it. */
  variables: v.record(v.string(), v.string()),
  workingDirectory: v.string(),
  transport: v.picklist(['ipc', 'tcp']),
  interruptMode: v.picklist(['signal', 'message']),
  environmentId: v.exactOptional(v.string()),
  environmentName: v.string(),
  kernelspecName: v.string(),
  launcher: v.picklist(launchers),
  language: v.string(),
  /** Folder of this kernel's record, connection file and log; made by the keeper, 0700. */
  stateFolder: v.string(),
  /** Folder for sockets with short paths; exists, 0700. */
  socketFolder: v.string(),
  startTimeoutMs: v.number(),
  settings: settingsSchema,
  /** Set when this keeper takes over a running kernel whose keeper died. */
  adopt: v.exactOptional(
    v.object({
      pid: v.number(),
      processStartTime: v.string(),
      startedAt: v.string(),
      gaps: v.array(v.string()),
      restarts: v.number(),
    }),
  ),
});

/** What a keeper is started with. */
export type KeeperOrder = v.InferOutput<typeof orderSchema>;

/** Reads {@link KeeperOrder}. */
export const parseKeeperOrder = parserOf('keeper order', orderSchema);

const exitSchema = v.object({
  code: v.exactOptional(v.number()),
  signal: v.exactOptional(v.string()),
  at: v.string(),
  lastMemoryBytes: v.exactOptional(v.number()),
  totalMemoryBytes: v.exactOptional(v.number()),
  output: v.exactOptional(v.string()),
});

const stateSchema = v.object({
  kernelId: v.string(),
  state: v.picklist(kernelStates),
  stateSince: v.string(),
  keeperPid: v.number(),
  pid: v.exactOptional(v.number()),
  memoryBytes: v.exactOptional(v.number()),
  startedAt: v.string(),
  lastActivity: v.string(),
  connections: v.number(),
  restarts: v.number(),
  badSignatures: v.number(),
  gaps: v.array(v.string()),
  session: v.exactOptional(sessionSchema),
  exit: v.exactOptional(exitSchema),
  transport: v.picklist(['ipc', 'tcp']),
});

/** What changes while a kernel runs, as its keeper knows it. */
export type KeeperState = v.InferOutput<typeof stateSchema>;

/** Reads {@link KeeperState}. */
export const parseKeeperState = parserOf('keeper state', stateSchema);

const greetingSchema = v.variant('event', [
  /** The socket is open; the record is written. */
  v.object({ event: v.literal('listening'), socket: v.string(), keeperPid: v.number() }),
  /** The kernel answered `kernel_info_request`. */
  v.object({ event: v.literal('started'), state: stateSchema }),
  /** The kernel did not start; the keeper has cleaned up and ends. */
  v.object({
    event: v.literal('failed'),
    code: v.picklist(['kernel-start-failed', 'kernel-start-timeout', 'storage-full', 'storage-read-only']),
    message: v.string(),
    exitCode: v.exactOptional(v.number()),
    signal: v.exactOptional(v.string()),
    output: v.string(),
  }),
]);

/** One line of a keeper's standard output at its start. */
export type KeeperGreeting = v.InferOutput<typeof greetingSchema>;

/** Reads {@link KeeperGreeting}. */
export const parseKeeperGreeting = parserOf('keeper greeting', greetingSchema);

const recordSchema = v.object({
  /** Of the order without `adopt`. */
  order: orderSchema,
  bootId: v.string(),
  keeperPid: v.number(),
  keeperStartTime: v.string(),
  socket: v.string(),
  connectionFile: v.string(),
  /** Absent until the kernel's process exists. */
  kernel: v.exactOptional(v.object({ pid: v.number(), processStartTime: v.string() })),
  startedAt: v.string(),
  restarts: v.number(),
  gaps: v.array(v.string()),
  session: v.exactOptional(sessionSchema),
});

/**
 * `record.json` (0600) in a kernel's state folder: enough for an agent that starts later to find the keeper, and for a keeper that replaces
 * a dead one to adopt the kernel. Process ids count only together with their start times and the boot id.
 */
export type KeeperRecord = v.InferOutput<typeof recordSchema>;

/** Reads {@link KeeperRecord}. */
export const parseKeeperRecord = parserOf('kernel record', recordSchema);
