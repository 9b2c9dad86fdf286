import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemErrorCode, toError } from '../../base/errors';
import { exitCodes } from '../../protocol/command-line';
import { systemPaths } from '../configuration/system-paths';
import { openDaemonCertificate, readShownCertificate } from '../front-door/certificate';
import { describeExpiry, type DaemonCertificate } from '../front-door/daemon-certificate';
import {
  CertificateError,
  checkOwnCertificate,
  removeOwnCertificate,
  storeOwnCertificate,
} from '../front-door/own-certificate';
import { formatPinLines } from './pair';
import type { GivenOptions } from './parse-command-line';
import { publishCertificate } from './public-certificate';
import { findRunningDaemon } from './running-daemon';
import { CommandError, printWords } from './terminal';

/** `remote-kernels certificate use`: puts in the administrator's own certificate, or goes back to the self-signed one. */
export async function runCertificateUse(given: GivenOptions): Promise<number> {
  const [certificateFile] = given.values('--cert');
  const [keyFile] = given.values('--key');
  const isSelfSigned = given.has('--self-signed');
  const isComplete = isSelfSigned
    ? certificateFile === undefined && keyFile === undefined
    : certificateFile !== undefined && keyFile !== undefined;
  if (!isComplete)
    throw new CommandError('give both --cert FILE and --key FILE, or only --self-signed', exitCodes.usage);
  if (process.getuid?.() !== 0)
    throw new CommandError(
      "the daemon's certificate is changed by root: sudo remote-kernels certificate use …",
      exitCodes.noPermission,
    );
  const folder = systemPaths.state;
  const before = await readShownCertificate(folder).catch(() => undefined);
  const certificate =
    certificateFile === undefined || keyFile === undefined
      ? await goBack(folder)
      : await putIn(folder, certificateFile, keyFile);
  const warning = describeExpiry(certificate, Date.now());
  if (warning !== undefined) printWords(`Note: ${warning}.`);
  printWords(
    ["The fingerprint (SHA-256) of this host's key:", ...formatPinLines(certificate.pin)].join('\n'),
  );
  if (before !== undefined && before.pin !== certificate.pin)
    printWords(
      'It is another key than before: everybody who has accepted the old one is asked to accept this one. Tell them the fingerprint.',
    );
  await publishCertificate(systemPaths.run, certificate.certificatePem);
  printWords(await tellDaemon(folder));
  return exitCodes.ok;
}

async function goBack(folder: string): Promise<DaemonCertificate> {
  if (!(await removeOwnCertificate(folder))) printWords('The self-signed certificate was in use already.');
  return openDaemonCertificate(folder, hostname());
}

async function putIn(folder: string, certificateFile: string, keyFile: string): Promise<DaemonCertificate> {
  const [certificatePem, keyPem] = [await readGiven(certificateFile), await readGiven(keyFile)];
  try {
    const certificate = checkOwnCertificate(certificatePem, keyPem, Date.now());
    await storeOwnCertificate(folder, certificate);
    return certificate;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CommandError(`${error.message}. Nothing was changed`, exitCodes.dataError, { cause: error });
  }
}

async function readGiven(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const isMissing = systemErrorCode(error) === 'ENOENT';
    throw new CommandError(
      isMissing ? `there is no file ${path}` : `${path} cannot be read: ${toError(error).message}`,
      exitCodes.noInput,
      { cause: error },
    );
  }
}

async function tellDaemon(folder: string): Promise<string> {
  const pid = await findRunningDaemon(folder);
  if (pid === undefined) return 'The daemon does not run; it uses this certificate from its next start on.';
  process.kill(pid, 'SIGHUP');
  return `The running daemon (process ${pid}) was told; open connections stay.`;
}
