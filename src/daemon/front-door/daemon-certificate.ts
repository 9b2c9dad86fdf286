import { X509Certificate } from 'node:crypto';
import { pinOf, type Pin } from '../../protocol/pin';

/** The daemon's key and certificate, as a TLS server takes them. The private key goes nowhere else. */
export interface DaemonCertificate {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  readonly pin: Pin;
  /** When the certificate ends, in milliseconds since the epoch. The pin outlives it. */
  readonly validToMs: number;
}

const dayMs = 24 * 60 * 60 * 1000;
/** When people are reminded of the end of a certificate, and the self-signed one is made again. */
export const expiryMarginMs = 30 * dayMs;

/** Key and certificate as a TLS server takes them. In a chain the first certificate is the one of the key. */
export function describeCertificate(privateKeyPem: string, certificatePem: string): DaemonCertificate {
  const certificate = new X509Certificate(certificatePem);
  return {
    privateKeyPem,
    certificatePem,
    pin: pinOf(certificate.publicKey),
    validToMs: Date.parse(certificate.validTo),
  };
}

/** What to say about the end of a certificate, with the next step: from 30 days before on. Nothing while there is more time. */
export function describeExpiry(
  certificate: { readonly validToMs: number },
  nowMs: number,
): string | undefined {
  const leftMs = certificate.validToMs - nowMs;
  if (leftMs > expiryMarginMs) return undefined;
  const date = new Date(certificate.validToMs).toISOString().slice(0, 10);
  const next = 'put in its successor with: remote-kernels certificate use';
  if (leftMs <= 0)
    return `the certificate ended on ${date}; clients that know the key go on, others refuse it; ${next}`;
  const days = Math.ceil(leftMs / dayMs);
  return `the certificate ends on ${date}, in ${days} ${days === 1 ? 'day' : 'days'}; ${next}`;
}
