import { createPublicKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { truncateUtf8 } from '../../protocol/announcement';

const dayMs = 24 * 60 * 60 * 1000;
/** As long as browsers accept: nobody relies on the dates, since clients compare the key. */
const validityMs = 397 * dayMs;

/** Makes a self-signed certificate (RFC 5280), in PEM, for a P-256 key. The library is loaded only for this, once a year. */
export async function makeCertificate(privateKey: KeyObject, name: string, nowMs: number): Promise<string> {
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
