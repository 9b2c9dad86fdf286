import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { checkOwnCertificate, readOwnCertificate } from '../../../src/daemon/front-door/own-certificate';
import { exitCodes } from '../../../src/protocol/command-line';
import { pinOf } from '../../../src/protocol/pin';
import { runCommand } from '../../../src/development/run-command';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { temporaryFolder } from '../../support/temporary-folder';
import { rawConnection } from '../front-door/front-door-under-test';
import { giveEnvironment } from '../many-users/system-daemon';
import { configure, startConfiguredDaemon, workAsAda } from './configured-daemon';
import { openKernelStream } from './kernel-stream';

/** Makes a key and a certificate in that folder by OpenSSL. */
async function makePair(folder: string, name: string) {
  const [certificateFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  await runCommand(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '90'],
      ...['-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certificateFile],
    ],
    { timeoutMs: 30_000 },
  );
  const [certificate, key] = [await readFile(certificateFile, 'utf8'), await readFile(keyFile, 'utf8')];
  return { certificate, key, pin: pinOf(new X509Certificate(certificate).publicKey) };
}

async function pinAt(port: number): Promise<string> {
  const socket = await rawConnection(port);
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  assert.ok(certificate !== undefined);
  return pinOf(certificate.publicKey);
}

const counted = (count: number) => Array.from({ length: count }, (_, number) => number);

test('whoever is killed while certificates are put in leaves the pair before or the pair after', async (t) => {
  const folder = await temporaryFolder(t);
  const pairs = [await makePair(folder, 'one'), await makePair(folder, 'other')];
  const state = join(folder, 'state');
  for (let round = 0; round < 8; round += 1) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(__dirname, 'store-certificates.ts'), state],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const exited = once(child, 'exit');
    child.stdin.end(JSON.stringify(pairs));
    await once(child.stdout, 'data', { signal: withDeadline(60_000, 'the writer') });
    try {
      // Whoever reads beside the writer finds a pair, too; it is at work once both have been seen.
      const seen = new Set<string | undefined>();
      const isAtWork = async () => {
        seen.add((await readOwnCertificate(state))?.pin);
        return pairs.every(({ pin }) => seen.has(pin)) ? true : undefined;
      };
      await until(isAtWork, withDeadline(60_000, 'both certificates'), 1);
      // Not after a time but in the middle of the work: each round at another place of it.
      for (let reads = 0; reads < round; reads += 1) await readOwnCertificate(state);
    } finally {
      child.kill('SIGKILL');
    }
    await exited;
    const left = await readOwnCertificate(state);
    assert.ok(left !== undefined && pairs.some(({ pin }) => pin === left.pin));
    checkOwnCertificate(left.certificatePem, left.privateKeyPem, Date.now());
  }
});

test('a certificate is replaced and taken back while a kernel prints, and its connection stays open', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await giveEnvironment(system, 'ada');
  await configure(system, { port: 0 });
  const daemon = await startConfiguredDaemon(system);
  const [port = 0] = daemon.ports();
  const { token, kernelId } = await workAsAda(port);
  const stream = await openKernelStream(t, { port, token, kernelId });
  await stream.further(20);

  const ownPin = await pinAt(port);
  const folder = await temporaryFolder(t);
  const { pin } = await makePair(folder, 'lab-7');
  const use = (...words: readonly string[]) =>
    system.expect(system.nodePath, [system.programFile, 'certificate', 'use', ...words]);
  for (const [words, wanted] of [
    [['--cert', join(folder, 'lab-7.pem'), '--key', join(folder, 'lab-7.key')], pin],
    [['--self-signed'], ownPin],
  ] as const) {
    await use(...words);
    const isShown = async () => ((await pinAt(port)) === wanted ? true : undefined);
    await until(isShown, withDeadline(60_000, 'the other certificate'));
    await stream.further(20);
  }
  assert.equal(stream.closedWith(), undefined);
  assert.deepEqual(stream.numbers(), counted(stream.numbers().length));
  assert.deepEqual(daemon.ports(), [port]);
  assert.equal(await daemon.end(), exitCodes.ok);
});
