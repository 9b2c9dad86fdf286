import { exitCodes } from '../../protocol/command-line';
import { readShownCertificate } from '../front-door/certificate';
import { findDaemonStateFolders } from './daemon-folders';
import { formatPinLines } from './pair';
import { CommandError, printResult } from './terminal';

/** `remote-kernels certificate show`: works whether or not the daemon runs. */
export async function runCertificateShow(isJson: boolean): Promise<number> {
  for (const folder of await findDaemonStateFolders()) {
    const found = await readShownCertificate(folder);
    if (found === undefined) continue;
    const validTo = new Date(found.validToMs).toISOString();
    printResult(
      isJson
        ? JSON.stringify({ pin: found.pin, validTo, certificate: found.certificatePem })
        : ["The fingerprint (SHA-256) of this host's key:", ...formatPinLines(found.pin)].join('\n'),
    );
    return exitCodes.ok;
  }
  throw new CommandError(
    'this host has no key yet; it is made at the first start of: remote-kernels serve --single-user',
    exitCodes.noInput,
  );
}
