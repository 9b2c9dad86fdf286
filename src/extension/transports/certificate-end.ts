import type { PresentedCertificate } from './transport';

const dayMs = 24 * 60 * 60 * 1000;

/** From so long before its end on a certificate is spoken of; as the daemon does in its log. */
export const certificateWarningMs = 30 * dayMs;

/** Why a certificate is worth a word. */
export interface CertificateConcern {
  readonly hasEnded: boolean;
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
  /** Whether its end keeps people out: those who rely on the authority that signed it, and not on a key that they have accepted. */
  readonly keepsPeopleOut: boolean;
}

/**
 * What there is to say about the end of a certificate; `undefined` while there is nothing. A daemon renews the certificate that it signs itself, with
 * the same key, so that one is worth a word only when that has not happened.
 */
export function concernOf(
  certificate: PresentedCertificate | undefined,
  nowMs: number,
): CertificateConcern | undefined {
  if (certificate === undefined) return undefined;
  const { endsAt, isSelfSigned, isReliedOn } = certificate;
  // A date that cannot be read is the host's own doing, and nothing can be said of it.
  if (!isDate(endsAt)) return undefined;
  const hasEnded = endsAt <= nowMs;
  if (!hasEnded && (isSelfSigned || endsAt - nowMs > certificateWarningMs)) return undefined;
  return { hasEnded, endsAt, keepsPeopleOut: isReliedOn };
}

/** Whether it is a time that can be written as a date (ECMAScript, "Time Values and Time Range"). */
function isDate(timeMs: number): boolean {
  return !Number.isNaN(new Date(timeMs).getTime());
}

/** The concern as a line of the log, with the next step. */
export function describeConcern({ hasEnded, endsAt, keepsPeopleOut }: CertificateConcern): string {
  const date = new Date(endsAt).toISOString().slice(0, 10);
  const next = 'its administrator can renew it: remote-kernels certificate use';
  if (hasEnded)
    return keepsPeopleOut
      ? `the certificate of the host ended on ${date}; whoever relies on its authority is kept out; ${next}`
      : `the certificate of the host ended on ${date}, and its key is the accepted one; ${next}`;
  const then = keepsPeopleOut
    ? 'whoever relies on its authority is kept out then'
    : 'the key is accepted in any case';
  return `the certificate of the host ends on ${date}; ${then}; ${next}`;
}
