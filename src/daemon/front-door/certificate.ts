import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, toError } from '../../base/errors';
import { pinOf, type Pin } from '../../protocol/pin';
import {
  ensurePrivateFolder,
  readFileIfPresent,
  toStorageError,
  UnusableFileError,
  writePrivateFile,
} from '../platform/private-files';
import { describeCertificate, expiryMarginMs, type DaemonCertificate } from './daemon-certificate';
import { makeCertificate } from './certificate-making';
import { certificatesIn, ownCertificateFile, readOwnCertificate } from './own-certificate';

/**
 * The certificate of the daemon: the administrator's own where `certificate use` has put one, otherwise the one of {@link openCertificate}.
 * An own certificate that has ended is still used, since clients compare its key; see {@link describeExpiry}. Throws, and does not fall back, when the
 * own one is damaged: another key in its place would look to clients like another host.
 */
export async function openDaemonCertificate(
  folder: string,
  name: string,
  nowMs = Date.now(),
): Promise<DaemonCertificate> {
  return (await readOwnCertificate(folder)) ?? openCertificate(folder, name, nowMs);
}

/**
 * The certificate in that folder (0700). Key and certificate are made at the first call; later the key stays the same for ever, and the
 * certificate is made again with the same key when less than 30 days are left or when it does not belong to the key. Throws an
 * {@link UnusableFileError} when the key is damaged or readable by others: making another one by ourselves would change the pin that people have accepted.
 */
export async function openCertificate(
  folder: string,
  name: string,
  nowMs = Date.now(),
): Promise<DaemonCertificate> {
  await ensurePrivateFolder(folder);
  const privateKeyPem = await readOrMakeKey(join(folder, keyFile));
  const privateKey = readKey(privateKeyPem, join(folder, keyFile));
  const certificatePath = join(folder, certificateFile);
  const found = readCertificate(await readFileIfPresent(certificatePath), privateKey, nowMs);
  if (found !== undefined) return describeCertificate(privateKeyPem, found.toString());
  const certificatePem = await makeCertificate(privateKey, name, nowMs);
  await writePrivateFile(certificatePath, certificatePem);
  return describeCertificate(privateKeyPem, certificatePem);
}

/** The certificate in that folder for showing it, or `undefined` when no daemon has run there yet. Makes nothing and gives no private key. */
export async function readShownCertificate(
  folder: string,
): Promise<{ readonly pin: Pin; readonly certificatePem: string; readonly validToMs: number } | undefined> {
  const found =
    (await readFileIfPresent(join(folder, ownCertificateFile))) ??
    (await readFileIfPresent(join(folder, certificateFile)));
  if (found === undefined) return undefined;
  const certificatePem = certificatesIn(found)
    .map((one) => `${one}\n`)
    .join('');
  const certificate = new X509Certificate(certificatePem);
  return { pin: pinOf(certificate.publicKey), certificatePem, validToMs: Date.parse(certificate.validTo) };
}

/** The daemon's own private key, in the folder of its state. */
export const keyFile = 'key.pem';
const certificateFile = 'certificate.pem';

async function readOrMakeKey(path: string): Promise<string> {
  const found = await readFileIfPresent(path);
  if (found === undefined) await makeKey(path);
  else if (process.getuid !== undefined && ((await stat(path)).mode & 0o077) !== 0)
    throw new UnusableFileError(
      `other users can read ${path}, so the key may be known to them; remove it (everybody will be asked to accept the key that replaces it) or run: chmod 600 ${path}`,
    );
  return found ?? readFile(path, 'utf8');
}

/** Makes the key as a file of its own and links it to its name: of two first starts at once one wins, and nobody reads half a key. */
async function makeKey(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      await file.datasync();
    } finally {
      await file.close();
    }
    await link(temporary, path);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw toStorageError(error, path);
  } finally {
    await unlink(temporary).catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): void {
  if (systemErrorCode(error) !== 'ENOENT') throw error;
}

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new UnusableFileError(
      `the key in ${path} is damaged; restore it from a backup, or remove it (everybody will be asked to accept the key that replaces it): ${toError(error).message}`,
      { cause: error },
    );
  }
}

/** The certificate if it can still be used with that key. */
function readCertificate(
  pem: string | undefined,
  privateKey: KeyObject,
  nowMs: number,
): X509Certificate | undefined {
  if (pem === undefined) return undefined;
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    // A damaged certificate is replaced: it holds nothing that the key does not give again.
    return undefined;
  }
  const isLasting = Date.parse(certificate.validTo) - nowMs > expiryMarginMs;
  const hasBegun = Date.parse(certificate.validFrom) <= nowMs;
  return isLasting && hasBegun && certificate.checkPrivateKey(privateKey) ? certificate : undefined;
}
