import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 32 letters and digits without I, L, O and U, which are read as others (Crockford's base 32): five bits each. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Eight of them are 40 bits. */
const length = 8;

/** A fresh code, written `XXXX-XXXX`. */
export function makePairingCode(): string {
  const letters = [...randomBytes(length)].map((byte) => alphabet.charAt(byte & 31)).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/**
 * What a person typed as the eight letters of a code, in whatever case, with spaces or hyphens anywhere, and with O for 0 and I or L
 * for 1; `undefined` for what cannot be a code.
 */
export function readPairingCode(text: string): string | undefined {
  const letters = text
    .replace(/[\s\u002d\u2010-\u2015\u2212_.]/g, '')
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  const isCode = new RegExp(`^[${alphabet}]{${length}}$`).test(letters);
  return isCode ? letters : undefined;
}

/** A claimed code: nobody else can use it meanwhile. */
export interface PairingClaim {
  /** Gives the code back when the sign-in failed for a reason that is not the person's, unless a fresh one has been made. */
  restore(): void;
}

/** The one code that is valid now. Only its digest is kept; it is used once, expires, and a fresh one replaces it. */
export class PairingCodes {
  private present: { readonly digest: Buffer; readonly expiresAtMs: number } | undefined;

  constructor(
    private readonly lifetimeMs: number,
    private readonly now: () => number,
  ) {}

  /** Makes a code; the one before is void. */
  issue(): { readonly code: string; readonly expiresAtMs: number } {
    const code = makePairingCode();
    const expiresAtMs = this.now() + this.lifetimeMs;
    this.present = { digest: digestOf(readPairingCode(code) ?? ''), expiresAtMs };
    return { code, expiresAtMs };
  }

  /** When the present code expires, if there is one. */
  get expiresAtMs(): number | undefined {
    return this.present !== undefined && this.present.expiresAtMs > this.now()
      ? this.present.expiresAtMs
      : undefined;
  }

  /**
   * Uses the code up if that is it. The comparison takes the same time whether there is a code or not and wherever the texts differ.
   */
  claim(text: string): PairingClaim | undefined {
    const claimed = this.present;
    const digest = digestOf(readPairingCode(text) ?? '');
    const isSame = timingSafeEqual(digest, claimed?.digest ?? noCode);
    if (!isSame || claimed === undefined || claimed.expiresAtMs <= this.now()) return undefined;
    this.present = undefined;
    return {
      restore: () => {
        this.present ??= claimed;
      },
    };
  }
}

/** Compared with when there is no code; no text has this digest, since it is random. */
const noCode = randomBytes(32);

function digestOf(letters: string): Buffer {
  return createHash('sha256').update(letters).digest();
}
