import { isIP } from 'node:net';
import * as v from 'valibot';

/** An IP address as text: no name, no network, no zone, which is a name of one machine's own for a link. */
export const addressSchema = v.pipe(
  v.string(),
  v.check((text) => isIP(text) !== 0 && !text.includes('%'), 'not an IP address'),
);
