import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { systemErrorCode, toError, wrapError } from '../../base/errors';
import { ensurePrivateFolder, readFileIfPresent, writePrivateFile } from '../platform/private-files';
import { describeCertificate, type DaemonCertificate } from './daemon-certificate';

/**
 * The administrator's own key, certificate and those between it and its CA, in the folder of the daemon's state. One file, so that they are put in
 * and replaced all at once: whoever reads sees the pair before or the pair after, also when the program or the machine stops in between.
 */
export const ownCertificateFile = 'own.pem';

/** Why a certificate cannot be used, in words that say what to do. */
export class CertificateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CertificateError';
  }
}

/**
 * The administrator's own key and certificate in that folder, or `undefined` when there is none. Throws a {@link CertificateError} when they
 * are damaged, do not belong together, or the key can be read by others. Dates are not looked at: they end while the daemon runs, too.
 */
export async function readOwnCertificate(folder: string): Promise<DaemonCertificate | undefined> {
  const path = join(folder, ownCertificateFile);
  const pem = await readFileIfPresent(path);
  if (pem === undefined) return undefined;
  try {
    if (((await stat(path)).mode & 0o077) !== 0)
      throw new CertificateError(`other users can read ${path}, and with it the key`);
    const privateKey = readPrivateKey(pem);
    const chain = readChain(pem);
    checkKeyAndChain(privateKey, chain);
    return toDaemonCertificate(privateKey, chain);
  } catch (error) {
    throw new CertificateError(
      `the certificate that was put in cannot be used: ${toError(error).message}. Put it in again with: remote-kernels certificate use --cert FILE --key FILE, or go back with: remote-kernels certificate use --self-signed`,
      { cause: error },
    );
  }
}

/**
 * Checks a certificate with its chain and key as an administrator gives them: order, signatures, dates, key. Returns them as they are to be
 * kept, or throws a {@link CertificateError}.
 */
export function checkOwnCertificate(
  certificatePem: string,
  privateKeyPem: string,
  nowMs: number,
): DaemonCertificate {
  const privateKey = readPrivateKey(privateKeyPem);
  const chain = readChain(certificatePem);
  checkKeyAndChain(privateKey, chain);
  for (const certificate of chain) checkDates(certificate, nowMs);
  return toDaemonCertificate(privateKey, chain);
}

/** Keeps an own certificate in that folder, for this user only, in place of the one before: all of it or, when this fails, nothing. */
export async function storeOwnCertificate(folder: string, certificate: DaemonCertificate): Promise<void> {
  await ensurePrivateFolder(folder);
  const { privateKeyPem, certificatePem } = certificate;
  await writePrivateFile(join(folder, ownCertificateFile), `${privateKeyPem}${certificatePem}`);
}

/** Removes the own certificate, so that the self-signed one is used. Returns whether there was one. */
export async function removeOwnCertificate(folder: string): Promise<boolean> {
  try {
    await unlink(join(folder, ownCertificateFile));
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function toDaemonCertificate(privateKey: KeyObject, chain: readonly X509Certificate[]): DaemonCertificate {
  return describeCertificate(
    privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chain.map((certificate) => certificate.toString()).join(''),
  );
}

function readPrivateKey(pem: string): KeyObject {
  if (/ENCRYPTED/.test(pem))
    throw new CertificateError(
      'the key is protected by a passphrase, which nobody could type when the daemon starts; make a copy without one: openssl pkey -in FILE -out FILE',
    );
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new CertificateError('the key file holds no private key in PEM', { cause: error });
  }
  checkStrength(key);
  return key;
}

/** What TLS 1.3 clients accept. */
function checkStrength(key: KeyObject): void {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      if ((modulusLength ?? 0) >= 2048) return;
      throw new CertificateError(
        `the key is too weak (RSA with ${modulusLength ?? 0} bits); use RSA with 2048 bits or more, or P-256`,
      );
    case 'ec':
      if (['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve ?? '')) return;
      throw new CertificateError(
        `clients do not know the curve ${namedCurve ?? ''} of the key; use P-256, P-384 or P-521`,
      );
    case 'ed25519':
      return;
    default:
      throw new CertificateError(
        `a key of the kind ${key.asymmetricKeyType ?? 'unknown'} cannot be used with TLS 1.3; use P-256`,
      );
  }
}

/** The certificates in a file that can also hold a key, one PEM each. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

function readChain(pem: string): readonly X509Certificate[] {
  const blocks = certificatesIn(pem);
  if (blocks.length === 0) throw new CertificateError('the certificate file holds no certificate in PEM');
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new CertificateError(`certificate ${index + 1} of the file is damaged`, { cause: error });
    }
  });
}

function checkKeyAndChain(privateKey: KeyObject, chain: readonly X509Certificate[]): void {
  const [own] = chain;
  if (own === undefined || !own.checkPrivateKey(privateKey)) {
    const belongs = chain.findIndex((certificate) => certificate.checkPrivateKey(privateKey));
    throw new CertificateError(
      belongs > 0
        ? `the key belongs to certificate ${belongs + 1} of the file; that one must be the first, then the one that signed it, and so on`
        : 'the key does not belong to the first certificate of the file',
    );
  }
  chain.forEach((certificate, index) => {
    const issuer = chain[index + 1];
    if (issuer === undefined) return;
    if (!issuer.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
      throw new CertificateError(
        `certificate ${index + 1} of the file (${nameOf(certificate)}) is not signed by the next one (${nameOf(issuer)}); the order is: the host's, the one that signed it, and so on`,
      );
  });
  try {
    // What the TLS library refuses (a signature with SHA-1, for example) is told here and not at the next start.
    createSecureContext({
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: chain.map((certificate) => certificate.toString()).join(''),
      minVersion: 'TLSv1.3',
    });
  } catch (error) {
    throw new CertificateError(wrapError('TLS refuses the certificate', error).message, { cause: error });
  }
}

function checkDates(certificate: X509Certificate, nowMs: number): void {
  if (Date.parse(certificate.validTo) <= nowMs)
    throw new CertificateError(
      `the certificate of ${nameOf(certificate)} has ended (${certificate.validTo}); ask for a new one`,
    );
  if (Date.parse(certificate.validFrom) > nowMs)
    throw new CertificateError(
      `the certificate of ${nameOf(certificate)} is not valid before ${certificate.validFrom}; is the clock of this host right?`,
    );
}

/** The subject on one line, or the names it is for when there is no subject. */
function nameOf(certificate: X509Certificate): string {
  const names = [certificate.subject, certificate.subjectAltName].filter((name) => Boolean(name));
  return JSON.stringify((names[0] ?? 'without a name').replaceAll('\n', ', '));
}
