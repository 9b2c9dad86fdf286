import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, toError } from '../../../base/errors';
import { keyFile, readShownCertificate } from '../../front-door/certificate';
import { describeExpiry } from '../../front-door/daemon-certificate';
import { inspectCertificate, type InspectedCertificate } from '../../front-door/certificate-inspection';
import { doubtful, fine, unseen, wrong, wrongAsSaid, type CheckedHost, type Finding } from './finding';

const subject = 'certificate';

/** Looks whether the daemon could use its key and certificate; nothing is made. */
export async function checkCertificate({ paths, isRoot, nowMs }: CheckedHost): Promise<readonly Finding[]> {
  if (!isRoot && (await isThere(paths.state))) return [unseen(subject, `what is in ${paths.state}`)];
  try {
    const found = await inspectCertificate(paths.state);
    // A daemon that runs has its key in its memory, and would go on as if nothing had happened.
    if (found === undefined && (await readShownCertificate(paths.state)) !== undefined)
      return [
        doubtful(
          subject,
          `there is a certificate in ${paths.state} and no key to it; at its next start the daemon makes another key, which everybody is asked to accept`,
          `put ${join(paths.state, keyFile)} back from your backup`,
        ),
      ];
    return judgeCertificate(found, nowMs);
  } catch (error) {
    return [wrongAsSaid(subject, toError(error).message)];
  }
}

/** Judges what was found, with the dates as they are now. */
export function judgeCertificate(found: InspectedCertificate | undefined, nowMs: number): readonly Finding[] {
  if (found === undefined) return [fine(subject, 'there is no key yet; it is made at the first start')];
  if (!found.isOwn)
    return [fine(subject, `the host's own key is in order; its certificate is renewed by itself`)];
  if (found.validFromMs > nowMs)
    return [
      wrong(
        subject,
        `the certificate that was put in is not valid before ${dayOf(found.validFromMs)}; is the clock of this host right?`,
        'timedatectl set-ntp true',
      ),
    ];
  const expiry = describeExpiry(found, nowMs);
  if (expiry === undefined)
    return [
      fine(
        subject,
        `the certificate that was put in belongs to its key and ends on ${dayOf(found.validToMs)}`,
      ),
    ];
  const mend = 'remote-kernels certificate use --cert FILE --key FILE';
  return [found.validToMs <= nowMs ? wrong(subject, expiry, mend) : doubtful(subject, expiry, mend)];
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
