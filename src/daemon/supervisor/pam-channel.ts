import { readSync, writeSync } from 'node:fs';
import { expectParsed, parseJson, type Parser } from '../../base/parse';
import { maxPamMessageBytes, type PamMessage } from '../../protocol/pam';

/** The child's end of the conversation, blocking: what it reads comes before it goes on, as libpam wants it. */
export class PamChannel {
  private readonly buffer = Buffer.alloc(maxPamMessageBytes);
  private length = 0;

  constructor(private readonly descriptor: number) {}

  /** Reads one line. Throws when the other side has gone or says something else than expected. */
  read<T>(parser: Parser<T>): T {
    for (;;) {
      const end = this.buffer.subarray(0, this.length).indexOf(0x0a);
      if (end >= 0) return this.take(end, parser);
      if (this.length === this.buffer.length) throw new Error('a line of the conversation is too long');
      const { buffer, length } = this;
      const count = readSync(this.descriptor, buffer, length, buffer.length - length, null);
      if (count === 0) throw new Error('the conversation has ended');
      this.length += count;
    }
  }

  /** Writes one line. */
  write(message: PamMessage): void {
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    for (let done = 0; done < bytes.length;) done += writeSync(this.descriptor, bytes, done);
  }

  /** Takes the line from the buffer and wipes the place where it was. */
  private take<T>(end: number, parser: Parser<T>): T {
    const text = this.buffer.subarray(0, end).toString('utf8');
    this.buffer.copyWithin(0, end + 1, this.length);
    const left = this.length - end - 1;
    this.buffer.fill(0, left, this.length);
    this.length = left;
    return expectParsed(parseJson(text, parser));
  }
}
