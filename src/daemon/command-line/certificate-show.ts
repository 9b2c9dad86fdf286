import { stat } from 'node:fs/promises';
import { expectParsed } from '../../base/parse';
import { exitCodes } from '../../protocol/command-line';
import { formatPin, parsePin, type Pin } from '../../protocol/pin';
import { systemPaths } from '../configuration/system-paths';
import { readShownCertificate } from '../front-door/certificate';
import { describeExpiry } from '../front-door/daemon-certificate';
import { findDaemonStateFolders } from './daemon-folders';
import { formatPinLines } from './pair';
import { CommandError, printResult, printWords } from './terminal';

/** A key that a client of this host can meet, and whose daemon it belongs to. */
interface ShownKey {
  readonly daemon: 'all-users' | 'single-user';
  readonly pin: Pin;
  readonly certificatePem: string;
  readonly validToMs: number;
}

/**
 * `remote-kernels certificate show`: the key of the daemon of all users first, then that of the user's own daemon. Root sees the former whether or not
 * that daemon runs; everybody else from its first start on until the machine ends.
 */
export async function runCertificateShow(isJson: boolean): Promise<number> {
  const isRoot = process.getuid?.() === 0;
  const shared = await readKeys('all-users', [isRoot ? systemPaths.state : systemPaths.run]);
  const own = await readKeys('single-user', await findDaemonStateFolders());
  const hidden = shared.length === 0 && !isRoot && (await isFolder(systemPaths.state));
  const note =
    'The daemon for all users of this host has not run since the machine started, so its key is not shown. Root sees it by: sudo remote-kernels certificate show';
  const keys = [...shared, ...own];
  const [first, ...others] = keys;
  if (first === undefined)
    throw new CommandError(
      hidden
        ? note
        : 'this host has no key yet; it is made by remote-kernels install, or at the first start of: remote-kernels serve --single-user',
      exitCodes.noInput,
    );
  if (isJson) {
    printResult(JSON.stringify({ ...describe(first), others: others.map(describe) }));
    return exitCodes.ok;
  }
  if (hidden) printWords(note);
  for (const key of keys) {
    printResult([`${headings[key.daemon]}:`, ...formatPinLines(key.pin)].join('\n'));
    if (process.stdout.isTTY && keys.length === 1) {
      const { formatQrCode } = await import(/* webpackMode: "eager" */ './qr-code');
      printResult(formatQrCode(formatPin(expectParsed(parsePin(key.pin)))));
    }
    const warning = describeExpiry(key, Date.now());
    if (warning !== undefined) printWords(`Note: ${warning}.`);
  }
  return exitCodes.ok;
}

const headings = {
  'all-users': "The fingerprint (SHA-256) of this host's key, for all users",
  'single-user': 'The fingerprint (SHA-256) of the key of your own daemon (serve --single-user)',
} as const;

/** The first key in these folders. */
async function readKeys(
  daemon: ShownKey['daemon'],
  folders: readonly string[],
): Promise<readonly ShownKey[]> {
  for (const folder of folders) {
    const found = await readShownCertificate(folder);
    if (found !== undefined) return [{ daemon, ...found }];
  }
  return [];
}

function describe({ daemon, pin, validToMs, certificatePem }: ShownKey) {
  return { daemon, pin, validTo: new Date(validToMs).toISOString(), certificate: certificatePem };
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
