import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, wrapError } from '../../base/errors';
import { truncateUtf8 } from '../../protocol/announcement';
import { pinOf, type Pin } from '../../protocol/pin';
import {
  ensurePrivateFolder,
  readFileIfPresent,
  toStorageError,
  writePrivateFile,
} from '../platform/private-files';

/** The daemon's key and certificate, as a TLS server takes them. The private key goes nowhere else. */
export interface DaemonCertificate {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  readonly pin: Pin;
  /** When the certificate ends, in milliseconds since the epoch. The pin outlives it. */
  readonly validToMs: number;
}

const dayMs = 24 * 60 * 60 * 1000;
/** As long as browsers accept: nobody relies on the dates, since clients compare the key. */
const validityMs = 397 * dayMs;
const renewalMarginMs = 30 * dayMs;

/**
 * The certificate in that folder (0700). Key and certificate are made at the first call; later the key stays the same for ever, and the
 * certificate is made again with the same key when less than 30 days are left or when it does not belong to the key. Throws when the key
 * is damaged or readable by others: making another one by ourselves would change the pin that people have accepted.
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
  if (found !== undefined) return describe(privateKeyPem, found);
  const certificatePem = await makeCertificate(privateKey, name, nowMs);
  await writePrivateFile(certificatePath, certificatePem);
  return describe(privateKeyPem, new X509Certificate(certificatePem));
}

/** The certificate in that folder for showing it, or `undefined` when no daemon has run there yet. Makes nothing and reads no private key. */
export async function readShownCertificate(
  folder: string,
): Promise<{ readonly pin: Pin; readonly certificatePem: string; readonly validToMs: number } | undefined> {
  const certificatePem = await readFileIfPresent(join(folder, certificateFile));
  if (certificatePem === undefined) return undefined;
  const certificate = new X509Certificate(certificatePem);
  return { pin: pinOf(certificate.publicKey), certificatePem, validToMs: Date.parse(certificate.validTo) };
}

const keyFile = 'key.pem';
const certificateFile = 'certificate.pem';

function describe(privateKeyPem: string, certificate: X509Certificate): DaemonCertificate {
  return {
    privateKeyPem,
    certificatePem: certificate.toString(),
    pin: pinOf(certificate.publicKey),
    validToMs: Date.parse(certificate.validTo),
  };
}

async function readOrMakeKey(path: string): Promise<string> {
  const found = await readFileIfPresent(path);
  if (found === undefined) await makeKey(path);
  else if (process.getuid !== undefined && ((await stat(path)).mode & 0o077) !== 0)
    throw new Error(
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
    throw wrapError(
      `the key in ${path} is damaged; restore it from a backup, or remove it (everybody will be asked to accept the key that replaces it)`,
      error,
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
  const isLasting = Date.parse(certificate.validTo) - nowMs > renewalMarginMs;
  const hasBegun = Date.parse(certificate.validFrom) <= nowMs;
  return isLasting && hasBegun && certificate.checkPrivateKey(privateKey) ? certificate : undefined;
}

/** Makes a self-signed certificate (RFC 5280) for the key. The library is loaded only for this, once a year. */
async function makeCertificate(privateKey: KeyObject, name: string, nowMs: number): Promise<string> {
  await import(/* webpackMode: "eager" */ 'reflect-metadata');
  const x509 = await import(/* webpackMode: "eager" */ '@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const importKey = (format: 'pkcs8' | 'spki', der: Buffer, usage: 'sign' | 'verify') =>
    crypto.subtle.importKey(format, new Uint8Array(der), algorithm, true, [usage]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `00${randomBytes(15).toString('hex')}`,
    name: [{ CN: [commonName(name)] }],
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + validityMs),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    keys: {
      privateKey: await importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), 'sign'),
      publicKey: await importKey(
        'spki',
        createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
        'verify',
      ),
    },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** RFC 5280 allows 64 characters; control characters have no place in a name. */
function commonName(name: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this expression is about
  const clean = truncateUtf8(name.replace(/[\u0000-\u001f\u007f]/g, ''), 64);
  return clean === '' ? 'remote-kernels' : clean;
}
