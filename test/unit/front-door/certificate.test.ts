import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { openCertificate, readShownCertificate } from '../../../src/daemon/front-door/certificate';
import { openDaemonId } from '../../../src/daemon/front-door/daemon-id';
import { pinOf } from '../../../src/protocol/pin';
import { temporaryFolder } from '../../support/temporary-folder';

const dayMs = 24 * 60 * 60 * 1000;

test('the key is ECDSA P-256, and every file is for this user only', async (t) => {
  const folder = join(await temporaryFolder(t), 'front-door');
  const { pin, privateKeyPem, certificatePem } = await openCertificate(folder, 'lab 7');
  await openDaemonId(folder);
  const files = await readdir(folder);
  assert.deepEqual(files.sort(), ['certificate.pem', 'daemon-id', 'key.pem']);
  for (const file of files) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  const key = createPrivateKey(privateKeyPem);
  assert.equal(key.asymmetricKeyType, 'ec');
  assert.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  const certificate = new X509Certificate(certificatePem);
  assert.ok(certificate.checkPrivateKey(key));
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(certificate.ca, false);
  assert.equal(pinOf(certificate.publicKey), pin);
});

test('key, certificate and pin stay the same at the next start', async (t) => {
  const folder = await temporaryFolder(t);
  const first = await openCertificate(folder, 'lab-7');
  const second = await openCertificate(folder, 'another name');
  assert.deepEqual(second, first);
});

test('a certificate with less than 30 days left is made again with the same key and pin', async (t) => {
  const folder = await temporaryFolder(t);
  const first = await openCertificate(folder, 'lab-7');
  const early = await openCertificate(folder, 'lab-7', first.validToMs - 31 * dayMs);
  assert.equal(early.certificatePem, first.certificatePem);
  const renewed = await openCertificate(folder, 'lab-7', first.validToMs - 29 * dayMs);
  assert.notEqual(renewed.certificatePem, first.certificatePem);
  assert.ok(renewed.validToMs > first.validToMs);
  assert.equal(renewed.pin, first.pin);
  assert.equal(renewed.privateKeyPem, first.privateKeyPem);
  assert.equal((await readShownCertificate(folder))?.pin, first.pin);
});

test('a certificate that is damaged or belongs to another key is made again', async (t) => {
  const folder = await temporaryFolder(t);
  const other = await openCertificate(await temporaryFolder(t), 'lab-7');
  const first = await openCertificate(folder, 'lab-7');
  for (const content of ['nonsense', other.certificatePem]) {
    await writeFile(join(folder, 'certificate.pem'), content);
    assert.equal((await openCertificate(folder, 'lab-7')).pin, first.pin);
  }
});

test('a damaged key is not replaced by itself', async (t) => {
  const folder = await temporaryFolder(t);
  await openCertificate(folder, 'lab-7');
  await writeFile(join(folder, 'key.pem'), 'nonsense');
  await assert.rejects(openCertificate(folder, 'lab-7'), /key\.pem is damaged/);
  assert.equal(await readFile(join(folder, 'key.pem'), 'utf8'), 'nonsense');
});

test('a key that others can read is refused', async (t) => {
  const folder = await temporaryFolder(t);
  await openCertificate(folder, 'lab-7');
  await chmod(join(folder, 'key.pem'), 0o640);
  await assert.rejects(openCertificate(folder, 'lab-7'), /other users can read .*chmod 600/);
});

test('a folder that is a link is refused', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'real'));
  await symlink(join(folder, 'real'), join(folder, 'link'));
  await assert.rejects(openCertificate(join(folder, 'link'), 'lab-7'));
});

test('of many first starts at once all get the same key and the same id', async (t) => {
  const folder = await temporaryFolder(t);
  const pins = await Promise.all(Array.from({ length: 8 }, () => openCertificate(folder, 'lab-7')));
  assert.equal(new Set(pins.map(({ pin }) => pin)).size, 1);
  const ids = await Promise.all(Array.from({ length: 8 }, () => openDaemonId(folder)));
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual((await readdir(folder)).sort(), ['certificate.pem', 'daemon-id', 'key.pem']);
});

test('an id that is no id is not replaced by itself', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'daemon-id'), 'nonsense');
  await assert.rejects(openDaemonId(folder), /does not hold the id/);
});

for (const name of ['Größe, "x"=+<>#;', '実験室', '', ' ', '\u0000', 'x'.repeat(300)]) {
  test(`a host named ${JSON.stringify(name.slice(0, 20))} gets a certificate`, async (t) => {
    const { certificatePem } = await openCertificate(await temporaryFolder(t), name);
    assert.match(new X509Certificate(certificatePem).subject, /^CN=/);
  });
}
