import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { openDaemonCertificate, readShownCertificate } from '../../../src/daemon/front-door/certificate';
import { describeExpiry } from '../../../src/daemon/front-door/daemon-certificate';
import {
  checkOwnCertificate,
  readOwnCertificate,
  removeOwnCertificate,
  storeOwnCertificate,
} from '../../../src/daemon/front-door/own-certificate';
import { formatPin } from '../../../src/protocol/pin';
import { temporaryFolder } from '../../support/temporary-folder';

const dayMs = 24 * 60 * 60 * 1000;

async function openssl(folder: string, words: string): Promise<void> {
  await promisify(execFile)('openssl', words.split(' '), { cwd: folder });
}

/** A root, one authority below it, and a host's certificate by that one, made by OpenSSL. */
async function chainOf(t: TestContext) {
  const folder = await temporaryFolder(t);
  const curve = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  await writeFile(join(folder, 'authority.cnf'), 'basicConstraints=critical,CA:true\n');
  await writeFile(join(folder, 'host.cnf'), 'subjectAltName=DNS:lab-7.example\n');
  await openssl(
    folder,
    `req -x509 ${curve} -subj /CN=root -keyout root.key -out root.pem -days 3650 -addext basicConstraints=critical,CA:true`,
  );
  await openssl(folder, `req ${curve} -subj /CN=authority -keyout authority.key -out authority.csr`);
  await openssl(
    folder,
    'x509 -req -in authority.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile authority.cnf -out authority.pem -days 1000',
  );
  await openssl(folder, `req ${curve} -subj /CN=lab-7 -keyout host.key -out host.csr`);
  await openssl(
    folder,
    'x509 -req -in host.csr -CA authority.pem -CAkey authority.key -CAcreateserial -extfile host.cnf -out host.pem -days 90',
  );
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  return {
    folder,
    read,
    host: await read('host.pem'),
    key: await read('host.key'),
    authority: await read('authority.pem'),
    root: await read('root.pem'),
  };
}

test('a certificate with its chain is accepted, kept for this user only, and used instead of the self-signed one', async (t) => {
  const { host, key, authority, root } = await chainOf(t);
  const folder = join(await temporaryFolder(t), 'state');
  const before = await openDaemonCertificate(folder, 'lab-7');
  const checked = checkOwnCertificate(`words before\n${host}${authority}${root}`, key, Date.now());
  await storeOwnCertificate(folder, checked);
  const opened = await openDaemonCertificate(folder, 'lab-7');
  assert.deepEqual(opened, checked);
  assert.notEqual(opened.pin, before.pin);
  assert.equal(opened.certificatePem.match(/BEGIN CERTIFICATE/g)?.length, 3);
  const shown = await readShownCertificate(folder);
  assert.deepEqual([shown?.pin, shown?.certificatePem], [checked.pin, checked.certificatePem]);
  for (const file of await readdir(folder))
    assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file);
  assert.equal(await removeOwnCertificate(folder), true);
  assert.deepEqual(await openDaemonCertificate(folder, 'lab-7'), before);
  assert.equal(await removeOwnCertificate(folder), false);
});

test('what cannot be used is refused with a reason', async (t) => {
  const { folder, host, key, authority, root, read } = await chainOf(t);
  await openssl(
    folder,
    'req -x509 -newkey rsa:1024 -nodes -subj /CN=weak -keyout weak.key -out weak.pem -days 9',
  );
  await openssl(
    folder,
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -nodes -subj /CN=curve -keyout curve.key -out curve.pem -days 9',
  );
  await openssl(folder, 'pkey -in host.key -aes256 -passout pass:canary -out encrypted.key');
  const cases: readonly (readonly [string, string, string, RegExp, number?])[] = [
    ['another key', host, await read('authority.key'), /key does not belong/],
    ['the chain upside down', root + authority + host, key, /key belongs to certificate 3/],
    ['one left out', host + root, key, /certificate 1 .*CN=lab-7.* is not signed by the next one .*CN=root/],
    ['a host as authority', host + host, key, /is not signed by/],
    ['an encrypted key', host, await read('encrypted.key'), /passphrase/],
    ['a weak key', await read('weak.pem'), await read('weak.key'), /RSA with 1024 bits/],
    ['a curve nobody knows', await read('curve.pem'), await read('curve.key'), /secp256k1/],
    ['no certificate', 'nonsense', key, /no certificate/],
    [
      'a damaged certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      key,
      /certificate 1 .*damaged/,
    ],
    ['no key', host, 'nonsense', /no private key/],
    ['an ended certificate', host, key, /has ended/, Date.now() + 91 * dayMs],
    ['an ended authority', host + authority, key, /has ended/, Date.now() + 1001 * dayMs],
    ['a certificate of tomorrow', host, key, /not valid before/, Date.now() - dayMs],
  ];
  for (const [what, certificate, itsKey, reason, nowMs = Date.now()] of cases)
    assert.throws(
      () => checkOwnCertificate(certificate, itsKey, nowMs),
      { name: 'CertificateError', message: reason },
      what,
    );
});

test('a damaged own certificate is an error and not replaced by another key', async (t) => {
  const { host, key, read } = await chainOf(t);
  const folder = join(await temporaryFolder(t), 'state');
  const damages: readonly (readonly [string, (folder: string) => Promise<void>])[] = [
    ['other users can read', (place) => chmod(join(place, 'own.pem'), 0o640)],
    ['no private key in PEM', (place) => writeFile(join(place, 'own.pem'), host)],
    ['no certificate in PEM', (place) => writeFile(join(place, 'own.pem'), key)],
    ['does not belong', async (place) => writeFile(join(place, 'own.pem'), (await read('root.key')) + host)],
  ];
  for (const [reason, damage] of damages) {
    await removeOwnCertificate(folder);
    await storeOwnCertificate(folder, checkOwnCertificate(host, key, Date.now()));
    await damage(folder);
    await assert.rejects(openDaemonCertificate(folder, 'lab-7'), new RegExp(`${reason}.*--self-signed`));
  }
});

test('an own certificate that has ended is still used, and its end is told in time', async (t) => {
  const { host, key } = await chainOf(t);
  const folder = join(await temporaryFolder(t), 'state');
  await storeOwnCertificate(folder, checkOwnCertificate(host, key, Date.now()));
  const found = await readOwnCertificate(folder);
  assert.ok(found);
  assert.match(formatPin(found.pin), /^([0-9a-f]{4} ){15}[0-9a-f]{4}$/);
  const at = (days: number) => describeExpiry(found, found.validToMs - days * dayMs);
  assert.equal(at(31), undefined);
  assert.match(at(30) ?? '', /ends on \d{4}-\d\d-\d\d, in 30 days; .*certificate use/);
  assert.match(at(0.5) ?? '', /in 1 day;/);
  assert.match(at(-1) ?? '', /ended on/);
  assert.deepEqual(await openDaemonCertificate(folder, 'lab-7', found.validToMs + dayMs), found);
});
