import * as v from 'valibot';
import { parserOf } from '../base/parse';

/** The agent's own paths, beside the Jupyter server API under `/api`. `{id}` parts are made by the functions below. */
export const agentPaths = {
  base: '/remote-kernels/v1',
  hello: '/remote-kernels/v1/hello',
  environments: '/remote-kernels/v1/environments',
  kernels: '/remote-kernels/v1/kernels',
  folders: '/remote-kernels/v1/folders',
  preferences: '/remote-kernels/v1/preferences',
  jobs: '/remote-kernels/v1/jobs',
  doors: '/remote-kernels/v1/doors',
} as const;

/** `GET`: one environment. */
export function environmentPath(id: string): string {
  return `${agentPaths.environments}/${encodeURIComponent(id)}`;
}

/** `GET`: one kernel, as {@link KernelDetails}. */
export function kernelPath(id: string): string {
  return `${agentPaths.kernels}/${encodeURIComponent(id)}`;
}

/** `GET`: what the kernel sent; see `journal.ts`. */
export function kernelJournalPath(id: string): string {
  return `${kernelPath(id)}/journal`;
}

/** `GET`: what the kernel printed outside its channels (start-up errors, C-level output), as text. */
export function kernelOutputPath(id: string): string {
  return `${kernelPath(id)}/output`;
}

/** `GET` state, `DELETE` cancels. */
export function jobPath(id: string): string {
  return `${agentPaths.jobs}/${encodeURIComponent(id)}`;
}

/** `GET`: server-sent events, resumable with `Last-Event-ID`. */
export function jobEventsPath(id: string): string {
  return `${jobPath(id)}/events`;
}

/** Headers of ours. */
export const headers = {
  /** On every request of a front door to an agent: the door key. Removed from whatever a client sends. */
  doorKey: 'x-remote-kernels-door-key',
  /** `{ clientId, windowId, label }` as JSON in base64url, on every request of our client, so that others can be told who is connected. */
  client: 'x-remote-kernels-client',
} as const;

/** The media type of streams: one JSON object a line, `{"event":"ping"}` at least every 15 s while nothing else is sent. */
export const streamType = 'application/x-ndjson';

/** How often a stream that has nothing to say says so. */
export const streamPingIntervalMs = 15_000;

/**
 * What a user may do with environments by our interface: only see and use them, or also change them. It is a rule of the interface and no wall:
 * a kernel may run `pip` as its user.
 */
export const environmentRules = ['list', 'administer'] as const;

/** One of {@link environmentRules}. */
export type EnvironmentRule = (typeof environmentRules)[number];

const helloSchema = v.object({
  protocol: v.string(),
  /** Stable for this user on this machine. */
  agentId: v.string(),
  /** Fresh at each start of the agent. */
  startId: v.string(),
  user: v.string(),
  hostname: v.string(),
  /** `linux-x64`, as Node's `process.platform` and `process.arch`. */
  platform: v.string(),
  version: v.string(),
  homeFolder: v.string(),
  /** The limit on the user's kernels, if there is one. */
  maxKernels: v.exactOptional(v.number()),
  /** What the administrator of this host lets this user do with environments; absent means `administer`. */
  environments: v.exactOptional(v.picklist(environmentRules)),
  /**
   * Set when a front door on this machine leads to this agent: a client that came another way learns that the two are one host.
   */
  frontDoor: v.exactOptional(v.object({ daemonId: v.string(), pin: v.string(), port: v.number() })),
});

/** Answer to `GET /remote-kernels/v1/hello`, the first request of every connection. */
export type Hello = v.InferOutput<typeof helloSchema>;

/** Reads {@link Hello}. */
export const parseHello = parserOf('hello', helloSchema);

const clientSchema = v.object({
  clientId: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'not a client id')),
  windowId: v.pipe(v.string(), v.maxLength(64)),
  label: v.pipe(v.string(), v.maxLength(200)),
});

/** Who is at the other end: one installation of the extension, one window of it, and words for people. */
export type Client = v.InferOutput<typeof clientSchema>;

/** Reads {@link Client}. */
export const parseClient = parserOf('client', clientSchema);

/** The value of {@link headers.client}. */
export function formatClientHeader(client: Client): string {
  return Buffer.from(JSON.stringify(client)).toString('base64url');
}

const foldersSchema = v.object({
  /** The folder asked for, absolute and without links resolved. */
  path: v.string(),
  /** Absent at the root. */
  parent: v.exactOptional(v.string()),
  folders: v.array(v.object({ name: v.string(), path: v.string() })),
  /** Whether there were more than are listed (the first 2,000 by name). */
  isTruncated: v.boolean(),
});

/** Answer to `GET /remote-kernels/v1/folders?path=~/project`: the folders inside, for a picker. Hidden ones come last. */
export type Folders = v.InferOutput<typeof foldersSchema>;

/** Reads {@link Folders}. */
export const parseFolders = parserOf('folders', foldersSchema);

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));

const preferencesSchema = v.object({
  /** Folders searched for environments besides the usual places; `~` is the home folder. */
  searchFolders: v.optional(v.pipe(v.array(path), v.maxLength(100)), []),
  /** Whether a kernel that dies by itself is started again. */
  restartKernelsAutomatically: v.optional(v.boolean(), false),
  /** Hours after which an idle kernel that nobody is connected to ends; absent means never. A busy one never ends by this. */
  keepIdleForHours: v.exactOptional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(10_000))),
});

/** `GET` and `PUT /remote-kernels/v1/preferences`: what the user wants on this host, whatever window asks. */
export type Preferences = v.InferOutput<typeof preferencesSchema>;

/** Reads {@link Preferences}. */
export const parsePreferences = parserOf('preferences', preferencesSchema);

const doorRequestSchema = v.strictObject({
  /** The folder in which the agent makes the door socket. */
  folder: path,
  doorKey: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'not a door key')),
  frontDoor: v.object({ daemonId: v.string(), pin: v.string(), port: v.number() }),
  /**
   * What the administrator lets this user do with environments, from a supervisor of many users. While one open door says `list`, it is so for
   * the agent as a whole, whatever way a request comes.
   */
  environments: v.exactOptional(v.picklist(environmentRules)),
});

/**
 * `POST /remote-kernels/v1/doors` on the private socket only: opens a door, or gives an open one a fresh key. Answers
 * `{ "socket": "…" }`.
 */
export type DoorRequest = v.InferOutput<typeof doorRequestSchema>;

/** Reads {@link DoorRequest}. */
export const parseDoorRequest = parserOf('door request', doorRequestSchema);

/** Reads the answer to a {@link DoorRequest}. */
export const parseDoorAnswer = parserOf('door answer', v.object({ socket: v.string() }));
