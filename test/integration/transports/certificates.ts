import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { pinOf, type Pin } from '../../../src/protocol/pin';

/** A key and a certificate as a TLS server takes them. */
export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
  readonly pin: Pin;
}

/** An authority that signs certificates. */
export interface TestAuthority {
  readonly certificate: string;
  sign(
    names: readonly { readonly type: 'dns' | 'ip'; readonly value: string }[],
    endsInMs?: number,
  ): Promise<TestCertificate>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const signing = { name: 'ECDSA', hash: 'SHA-256' };
const dayMs = 24 * 3600 * 1000;

/** From two days ago; a negative end is one that has passed. */
const lifetime = (endsInMs = dayMs) => ({
  notBefore: new Date(Date.now() - 2 * dayMs),
  notAfter: new Date(Date.now() + endsInMs),
});

/** Makes a self-signed certificate with a key of its own. */
export async function createCertificate(name: string, endsInMs?: number): Promise<TestCertificate> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    ...lifetime(endsInMs),
    signingAlgorithm: signing,
    keys,
  });
  return await toServer(certificate, keys);
}

/** Makes an authority. */
export async function createAuthority(): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['an authority of a test'] }],
    ...lifetime(),
    signingAlgorithm: signing,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    certificate: root.toString('pem'),
    async sign(names, endsInMs) {
      const own = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const certificate = await x509.X509CertificateGenerator.create({
        subject: [{ CN: ['signed'] }],
        issuer: root.subject,
        ...lifetime(endsInMs),
        signingAlgorithm: signing,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [new x509.SubjectAlternativeNameExtension([...names])],
      });
      return await toServer(certificate, own);
    },
  };
}

async function toServer(
  certificate: x509.X509Certificate,
  keys: { readonly privateKey: CryptoKey },
): Promise<TestCertificate> {
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  const key = x509.PemConverter.encode(der, 'PRIVATE KEY');
  const cert = certificate.toString('pem');
  return { key, cert, pin: pinOf(new X509Certificate(cert).publicKey) };
}
