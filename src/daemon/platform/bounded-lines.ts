import type { Readable } from 'node:stream';

/** Who is told what arrives. */
export interface LineReader {
  /** A whole line, without its end. */
  readonly onLine: (line: string) => void;
  /** A line that is longer than allowed; nothing is read after it. */
  readonly onTooLong: () => void;
  /** The stream has ended; what came after the last line end is dropped, since a line without its end is not whole. */
  readonly onEnd?: () => void;
}

/**
 * Reads lines of at most `maxBytes` with their end, in bounded memory: a sender that never ends its line is noticed after `maxBytes`. Invalid
 * UTF-8 becomes U+FFFD. Errors of the stream are the caller's to listen for.
 */
export function readBoundedLines(stream: Readable, maxBytes: number, reader: LineReader): void {
  let pending = Buffer.alloc(0);
  let isOver = false;
  stream.on('data', (chunk: Buffer) => {
    if (isOver) return;
    pending = Buffer.concat([pending, chunk]);
    for (let end = pending.indexOf(0x0a); end >= 0; end = pending.indexOf(0x0a)) {
      if (end >= maxBytes) break;
      const line = pending.subarray(0, end).toString('utf8');
      pending = pending.subarray(end + 1);
      reader.onLine(line);
    }
    if (pending.length < maxBytes) return;
    isOver = true;
    pending = Buffer.alloc(0);
    reader.onTooLong();
  });
  stream.once('end', () => {
    if (!isOver) reader.onEnd?.();
    isOver = true;
  });
}
