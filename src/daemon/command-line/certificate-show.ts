import { expectParsed } from '../../base/parse';
import { exitCodes } from '../../protocol/command-line';
import { formatPin, parsePin } from '../../protocol/pin';
import { systemPaths } from '../configuration/system-paths';
import { readShownCertificate } from '../front-door/certificate';
import { describeExpiry } from '../front-door/daemon-certificate';
import { findDaemonStateFolders } from './daemon-folders';
import { formatPinLines } from './pair';
import { CommandError, printResult, printWords } from './terminal';

/** `remote-kernels certificate show`: works whether or not the daemon runs. For root it is the daemon of all users that counts. */
export async function runCertificateShow(isJson: boolean): Promise<number> {
  const system = process.getuid?.() === 0 ? [systemPaths.state] : [];
  for (const folder of [...system, ...(await findDaemonStateFolders())]) {
    const found = await readShownCertificate(folder);
    if (found === undefined) continue;
    const validTo = new Date(found.validToMs).toISOString();
    if (isJson) {
      printResult(JSON.stringify({ pin: found.pin, validTo, certificate: found.certificatePem }));
      return exitCodes.ok;
    }
    printResult(["The fingerprint (SHA-256) of this host's key:", ...formatPinLines(found.pin)].join('\n'));
    if (process.stdout.isTTY) {
      const { formatQrCode } = await import(/* webpackMode: "eager" */ './qr-code');
      printResult(formatQrCode(formatPin(expectParsed(parsePin(found.pin)))));
    }
    const warning = describeExpiry(found, Date.now());
    if (warning !== undefined) printWords(`Note: ${warning}.`);
    return exitCodes.ok;
  }
  throw new CommandError(
    'this host has no key yet; it is made by remote-kernels install, or at the first start of: remote-kernels serve --single-user',
    exitCodes.noInput,
  );
}
