/** The longest line that is taken from a host: a kernel with a long tail of output is far below it. */
export const maxLineBytes = 8 * 1024 * 1024;

const newline = 0x0a;

/**
 * Cuts a stream of bytes into lines of NDJSON, wherever its chunks begin and end. Empty lines are left out; a last line without an end counts.
 * Throws for a line that is longer than `maxBytes`, without keeping it.
 */
export class LineReader {
  private pieces: Buffer[] = [];
  private sizeBytes = 0;

  constructor(private readonly maxBytes: number = maxLineBytes) {}

  /** The lines that this chunk completes. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(newline, start);
      if (end < 0) break;
      this.keep(bytes.subarray(start, end));
      this.take(lines);
      start = end + 1;
    }
    if (start < bytes.length) this.keep(bytes.subarray(start));
    return lines;
  }

  /** What is left at the end of the stream. */
  end(): string[] {
    const lines: string[] = [];
    this.take(lines);
    return lines;
  }

  private keep(piece: Buffer): void {
    this.sizeBytes += piece.length;
    if (this.sizeBytes > this.maxBytes) {
      this.pieces = [];
      throw new Error(`the host sent a line of more than ${this.maxBytes} bytes`);
    }
    this.pieces.push(piece);
  }

  private take(lines: string[]): void {
    const text = Buffer.concat(this.pieces).toString('utf8').trim();
    this.pieces = [];
    this.sizeBytes = 0;
    if (text !== '') lines.push(text);
  }
}

/** Reads the lines of a body one after another. `onBytes` is called for every chunk, also for those without a whole line. */
export async function* readLines(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const lines = new LineReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      onBytes();
      yield* lines.push(value);
    }
    yield* lines.end();
  } finally {
    // A reader whose stream has failed cannot be cancelled, and need not be.
    await reader.cancel().catch(() => undefined);
  }
}
