import { checkOwnCertificate, storeOwnCertificate } from '../../../src/daemon/front-door/own-certificate';

/**
 * `store-certificates.ts FOLDER`: reads two pairs from standard input (JSON, `{ certificate, key }[]`), says `ready`, and puts in one after the
 * other without an end.
 */
async function main(folder: string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const pairs = JSON.parse(Buffer.concat(chunks).toString()) as { certificate: string; key: string }[];
  const certificates = pairs.map(({ certificate, key }) => checkOwnCertificate(certificate, key, Date.now()));
  process.stdout.write('ready\n');
  for (;;) for (const certificate of certificates) await storeOwnCertificate(folder, certificate);
}

void main(process.argv[2] ?? '');
