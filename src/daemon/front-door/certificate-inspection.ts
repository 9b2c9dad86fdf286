import { createPrivateKey, X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { wrapError } from '../../base/errors';
import { readFileIfPresent } from '../platform/private-files';
import { keyFile } from './certificate';
import { readOwnCertificate } from './own-certificate';

/** The certificate that a daemon would serve with. */
export interface InspectedCertificate {
  /** Whether the administrator put it in; otherwise the daemon makes it anew whenever that is needed. */
  readonly isOwn: boolean;
  /** In milliseconds since the epoch; 0 where the daemon takes care of it. */
  readonly validFromMs: number;
  readonly validToMs: number;
}

/**
 * Looks at key and certificate in that folder without making anything; `undefined` when there is no key yet. Throws with what is wrong when the
 * daemon could not use them: a key that is damaged or readable by others, an own certificate that does not belong to its key.
 */
export async function inspectCertificate(folder: string): Promise<InspectedCertificate | undefined> {
  const own = await readOwnCertificate(folder);
  if (own !== undefined) {
    const { validFrom } = new X509Certificate(own.certificatePem);
    return { isOwn: true, validFromMs: Date.parse(validFrom), validToMs: own.validToMs };
  }
  const path = join(folder, keyFile);
  const pem = await readFileIfPresent(path);
  if (pem === undefined) return undefined;
  if (((await stat(path)).mode & 0o077) !== 0)
    throw new Error(`other users can read ${path}, so the key may be known to them; run: chmod 600 ${path}`);
  try {
    createPrivateKey(pem);
  } catch (error) {
    throw wrapError(`the key in ${path} is damaged; restore it from a backup, or remove it`, error);
  }
  return { isOwn: false, validFromMs: 0, validToMs: Number.POSITIVE_INFINITY };
}
