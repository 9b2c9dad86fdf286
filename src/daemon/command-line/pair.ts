import { expectParsed } from '../../base/parse';
import { exitCodes, parsePairingCode } from '../../protocol/command-line';
import { controlPaths } from '../../protocol/daemon-control';
import { formatPin, parsePin } from '../../protocol/pin';
import { askDaemon } from './control-client';
import { printResult } from './terminal';

/** `remote-kernels pair`: a fresh code, where to use it, and the fingerprint to compare. */
export async function runPair(isJson: boolean): Promise<number> {
  const code = await askDaemon('POST', controlPaths.pair, parsePairingCode);
  if (isJson) printResult(JSON.stringify(code));
  else
    printResult(
      [
        `Pairing code: ${code.code}   (once, until ${formatTime(code.expiresAt)})`,
        `Address:      ${code.url}`,
        'Fingerprint:  the editor shows the same',
        ...formatPinLines(code.pin),
      ].join('\n'),
    );
  return exitCodes.ok;
}

/** The fingerprint in two lines of eight groups, indented. */
export function formatPinLines(pin: string): string[] {
  const groups = formatPin(expectParsed(parsePin(pin))).split(' ');
  return [groups.slice(0, 8), groups.slice(8)].map((line) => `  ${line.join(' ')}`);
}

/** The time of day here. */
export function formatTime(iso: string): string {
  return new Date(iso).toTimeString().slice(0, 5);
}
