import * as v from 'valibot';
import { parserOf } from '../base/parse';
import { announcers } from './announcer';

/** `remote-kernels serve --json` prints one of these a line on standard output. */
const serveEventSchema = v.variant('event', [
  /** Said again when the daemon listens elsewhere after a reload. */
  v.object({
    event: v.literal('listening'),
    /** `https://127.0.0.1:7443`, the address that a client on this machine would use. */
    url: v.string(),
    /** All addresses it listens on, as `host:port`. */
    addresses: v.array(v.string()),
    pin: v.string(),
    daemonId: v.string(),
    /** Only with `--show-code`. */
    code: v.exactOptional(v.string()),
  }),
  v.object({
    event: v.literal('announcing'),
    name: v.string(),
    interfaces: v.array(v.string()),
    by: v.picklist(announcers),
    /** Why not by avahi-daemon. */
    because: v.exactOptional(v.string()),
  }),
  v.object({ event: v.literal('announcement-failed'), message: v.string() }),
  /** A reload switched the announcement off. */
  v.object({ event: v.literal('announcement-ended') }),
  /** A reload asked for another place to listen, which cannot be had: the one before stays. */
  v.object({ event: v.literal('place-refused'), message: v.string() }),
  v.object({ event: v.literal('signed-in'), user: v.string(), source: v.string() }),
  v.object({ event: v.literal('code'), expiresAt: v.string(), code: v.exactOptional(v.string()) }),
  v.object({ event: v.literal('stopping'), reason: v.string() }),
]);

/** One line of `serve --json`. */
export type ServeEvent = v.InferOutput<typeof serveEventSchema>;

/** Reads {@link ServeEvent}. */
export const parseServeEvent = parserOf('serve event', serveEventSchema);

const agentAddressSchema = v.object({
  protocol: v.string(),
  /** The private socket. Nobody computes this path: it is only ever taken from here. */
  socket: v.string(),
  agentId: v.string(),
  startId: v.string(),
  pid: v.number(),
  /** Whether this call started the agent. */
  started: v.boolean(),
});

/** What `remote-kernels agent --json` prints, one line, once the agent answers on its socket. */
export type AgentAddress = v.InferOutput<typeof agentAddressSchema>;

/** Reads {@link AgentAddress}. */
export const parseAgentAddress = parserOf('agent address', agentAddressSchema);

const pairingCodeSchema = v.object({
  code: v.string(),
  expiresAt: v.string(),
  pin: v.string(),
  url: v.string(),
});

/** What `remote-kernels pair --json` prints. */
export type PairingCode = v.InferOutput<typeof pairingCodeSchema>;

/** Reads {@link PairingCode}. */
export const parsePairingCode = parserOf('pairing code', pairingCodeSchema);

/** Exit codes of the commands, by their names in sysexits(3). */
export const exitCodes = {
  ok: 0,
  usage: 64,
  dataError: 65,
  noInput: 66,
  noHost: 68,
  unavailable: 69,
  software: 70,
  osError: 71,
  cannotCreate: 73,
  ioError: 74,
  temporaryFailure: 75,
  noPermission: 77,
  configuration: 78,
} as const;
