import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { systemErrorCode } from '../../../src/base/errors';

/** A secret that occurs nowhere else in the world. */
export interface Canary {
  /** What a failure calls it. */
  readonly name: string;
  /** Letters, digits, `-` and `_`, at least 20 of them, so that it is the same in JSON and in addresses. */
  readonly value: string;
}

/** Where a canary was seen, and in which form. */
export interface Sighting {
  readonly canary: string;
  readonly form: string;
  readonly place: string;
}

/** Makes one. */
export function makeCanary(name: string): Canary {
  return { name, value: `Canary${randomBytes(16).toString('hex')}` };
}

interface Pattern {
  readonly canary: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** Looks for canaries in every form in which a program may write one. More can be added while it is in use. */
export class CanarySearch {
  private readonly patterns: Pattern[] = [];
  private longest = 0;

  constructor(canaries: readonly Canary[] = []) {
    for (const canary of canaries) this.add(canary);
  }

  add({ name, value }: Canary): void {
    for (const [form, bytes] of formsOf(value)) {
      this.patterns.push({ canary: name, form, bytes });
      this.longest = Math.max(this.longest, bytes.length);
    }
  }

  /** The sightings in these bytes, one for each form of each canary. */
  find(bytes: Buffer | string, place: string): Sighting[] {
    const searched = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    return this.patterns
      .filter((pattern) => searched.includes(pattern.bytes))
      .map(({ canary, form }) => ({ canary, form, place }));
  }

  /** As {@link find} in a file of any length, and in its path. What is gone when it is opened has nothing. */
  async findInFile(path: string): Promise<Sighting[]> {
    const found = new Map(this.find(path, path).map((one) => [`${one.canary} ${one.form}`, one]));
    let before = Buffer.alloc(0);
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) {
        const bytes = Buffer.concat([before, chunk as Buffer]);
        for (const one of this.find(bytes, path)) found.set(`${one.canary} ${one.form}`, one);
        before = bytes.subarray(Math.max(0, bytes.length - this.longest));
      }
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
    return [...found.values()];
  }
}

function formsOf(value: string): (readonly [form: string, bytes: Buffer])[] {
  const plain = Buffer.from(value);
  const every = (encode: (byte: number) => string) => Buffer.from([...plain].map(encode).join(''));
  const hex = (byte: number) => byte.toString(16).padStart(2, '0');
  const forms: (readonly [string, Buffer])[] = [
    ['as it is', plain],
    ['UTF-16', Buffer.from(value, 'utf16le')],
    ['hexadecimal', every(hex)],
    ['HEXADECIMAL', every((byte) => hex(byte).toUpperCase())],
    ['percent signs', every((byte) => `%${hex(byte)}`)],
    ['PERCENT SIGNS', every((byte) => `%${hex(byte).toUpperCase()}`)],
    ['escapes of JSON', every((byte) => `\\u00${hex(byte)}`)],
  ];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), plain]).toString('base64');
    // Without the characters that also stand for what is before or after it.
    const sure = encoded.slice(Math.ceil((before * 4) / 3), Math.floor(((before + plain.length) * 4) / 3));
    forms.push([`base64 at ${before}`, Buffer.from(sure)]);
    forms.push([`base64url at ${before}`, Buffer.from(sure.replaceAll('+', '-').replaceAll('/', '_'))]);
  }
  // Tokens and door keys are 256 bits that are written in base64url.
  if (/^[A-Za-z0-9_-]{43}$/.test(value)) {
    const bits = Buffer.from(value, 'base64url');
    forms.push(['bits', bits], ['bits in hexadecimal', Buffer.from(bits.toString('hex'))]);
    forms.push(['bits in base64', Buffer.from(bits.toString('base64').slice(0, 42))]);
  }
  return forms;
}
