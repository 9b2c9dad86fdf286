import * as v from 'valibot';
import { parserOf } from '../../base/parse';

const text = v.pipe(v.string(), v.maxLength(2048));

const endpointSchema = v.variant('kind', [
  v.object({ kind: v.literal('local') }),
  v.object({
    kind: v.literal('tls'),
    hostname: text,
    port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
    origin: v.picklist(['typed', 'configured', 'discovered', 'link']),
    addresses: v.exactOptional(v.array(text)),
  }),
  v.object({ kind: v.literal('ssh'), destination: text }),
  v.object({ kind: v.literal('jupyterhub'), url: text }),
]);

const savedHostsSchema = v.array(
  v.object({
    id: text,
    name: text,
    endpoints: v.array(endpointSchema),
    pin: v.exactOptional(text),
    acceptedAt: v.exactOptional(v.number()),
    daemonId: v.exactOptional(text),
    userName: v.exactOptional(text),
    lastSeenAt: v.exactOptional(v.number()),
    wasConnected: v.exactOptional(v.boolean()),
    isSignedOut: v.exactOptional(v.boolean()),
  }),
);

/** Where the editor keeps saved hosts. */
export const savedHostsKey = 'remoteKernels.hosts';

/** Reads saved hosts as an earlier window wrote them; the shape is that of `SavedHost` in `hosts/host.ts`. */
export const parseSavedHosts = parserOf('saved hosts', savedHostsSchema);
