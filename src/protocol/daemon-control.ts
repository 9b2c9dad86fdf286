import * as v from 'valibot';
import { parserOf } from '../base/parse';
import { announcers } from './announcer';

/**
 * Between the commands `pair` and `status` and the running `serve` of the same user: HTTP on a socket that only this user can open. `POST`
 * to `pair` answers a `PairingCode`, `GET` of `status` a {@link DaemonStatus}.
 */
export const controlPaths = { pair: '/pair', status: '/status' } as const;

/** What a process of the daemon does. `daemon` is the one of a single user, which is front door and supervisor at once. */
export const daemonProcessRoles = ['daemon', 'supervisor', 'front-door', 'announcement', 'pam'] as const;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const processReportSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('process'),
    /** The user in whose name it runs, or, for what runs below an agent or a keeper, the user of that. */
    ownerUid: count,
    pid: count,
    parentPid: count,
    /** As its arguments say; absent for what runs below. */
    mode: v.exactOptional(v.picklist(['agent', 'keeper', 'front-door', 'announce', 'pam', 'serve'])),
    residentBytes: count,
  }),
  /** With shared pages counted in parts: what a process really costs. */
  v.strictObject({ kind: v.literal('memory'), pid: count, proportionalBytes: count }),
  v.strictObject({ kind: v.literal('complete') }),
]);

/**
 * One line of the internal command `processes`, which `status` runs and ends after a while: some of what the system says of a process can be held up
 * by the user of that process.
 */
export type ProcessReport = v.InferOutput<typeof processReportSchema>;

/** Reads {@link ProcessReport}. */
export const parseProcessReport = parserOf('process report', processReportSchema);

const daemonStatusSchema = v.object({
  version: v.string(),
  name: v.string(),
  daemonId: v.string(),
  pid: v.number(),
  /** ISO 8601. */
  startedAt: v.string(),
  url: v.string(),
  /** All addresses it listens on, as `host:port`. */
  addresses: v.array(v.string()),
  /** Why it does not listen where its configuration says, with the next step; absent when it does. */
  placeProblem: v.exactOptional(v.string()),
  pin: v.string(),
  /** The name it is announced under, while it is. */
  announcedAs: v.exactOptional(v.string()),
  /** By whom it is announced, and why not by avahi-daemon; there with `announcedAs`. */
  announcedBy: v.exactOptional(
    v.object({ by: v.picklist(announcers), because: v.exactOptional(v.string()) }),
  ),
  /** Why it is not announced although it is to be; it is tried again. */
  announcementProblem: v.exactOptional(v.string()),
  /** Open TLS connections, signed in or not. */
  connections: v.number(),
  /** Of these, the ones that belong to a sign-in. */
  signedInConnections: v.number(),
  /** Valid sign-ins, whether connected or not. */
  signIns: v.number(),
  /** When the present pairing code expires (ISO 8601); absent when there is none. */
  codeExpiresAt: v.exactOptional(v.string()),
  /** The process with the network port; only of a daemon of many users, while there is one. */
  frontDoorPid: v.exactOptional(v.number()),
  /**
   * The processes of the daemon itself with the memory that they take. Filled in by the command, from what the system says; absent where the
   * system says nothing.
   */
  processes: v.exactOptional(
    v.array(
      v.object({
        role: v.picklist(daemonProcessRoles),
        pid: v.number(),
        /** Absent when it could not be read. */
        memoryBytes: v.exactOptional(v.number()),
      }),
    ),
  ),
  /** Set when not all of what runs could be read in time: numbers of kernels and memory are then too low. */
  isIncomplete: v.exactOptional(v.boolean()),
  /**
   * Who has a valid sign-in, and who without one has an agent or kernels here; only of a daemon of many users. What runs is filled in by the
   * command, from what the system says of the processes: no process of a user is asked.
   */
  users: v.exactOptional(
    v.array(
      v.object({
        name: v.string(),
        uid: v.number(),
        signIns: v.number(),
        agentPid: v.exactOptional(v.number()),
        /** How many keepers, one a kernel; absent when it could not be found out. */
        kernels: v.exactOptional(v.number()),
        /** Of the agent, the keepers, and all processes below them. */
        memoryBytes: v.exactOptional(v.number()),
      }),
    ),
  ),
  /** Absent until this daemon has been asked for the agent, and while the agent does not answer. */
  agentPid: v.exactOptional(v.number()),
  /** Of the agent, the keepers and the kernels of a single user; filled in by the command. */
  memoryBytes: v.exactOptional(v.number()),
  /** The user's kernels; absent with `agentPid`. */
  kernels: v.exactOptional(
    v.array(
      v.object({
        id: v.string(),
        state: v.string(),
        name: v.string(),
        environment: v.string(),
        memoryBytes: v.exactOptional(v.number()),
      }),
    ),
  ),
});

/** What `remote-kernels status --json` prints. */
export type DaemonStatus = v.InferOutput<typeof daemonStatusSchema>;

/** Reads {@link DaemonStatus}. */
export const parseDaemonStatus = parserOf('daemon status', daemonStatusSchema);
