import * as v from 'valibot';
import { parserOf } from '../base/parse';

/**
 * Between the commands `pair` and `status` and the running `serve` of the same user: HTTP on a socket that only this user can open. `POST`
 * to `pair` answers a `PairingCode`, `GET` of `status` a {@link DaemonStatus}.
 */
export const controlPaths = { pair: '/pair', status: '/status' } as const;

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
  pin: v.string(),
  /** The name it is announced under, while it is. */
  announcedAs: v.exactOptional(v.string()),
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
  /** Who has a valid sign-in; only of a daemon of many users. An agent shows while it answers. */
  users: v.exactOptional(
    v.array(
      v.object({
        name: v.string(),
        uid: v.number(),
        signIns: v.number(),
        agentPid: v.exactOptional(v.number()),
      }),
    ),
  ),
  /** Absent until this daemon has been asked for the agent, and while the agent does not answer. */
  agentPid: v.exactOptional(v.number()),
  /** The user's kernels; absent with `agentPid`. */
  kernels: v.exactOptional(
    v.array(v.object({ id: v.string(), state: v.string(), name: v.string(), environment: v.string() })),
  ),
});

/** What `remote-kernels status --json` prints. */
export type DaemonStatus = v.InferOutput<typeof daemonStatusSchema>;

/** Reads {@link DaemonStatus}. */
export const parseDaemonStatus = parserOf('daemon status', daemonStatusSchema);
