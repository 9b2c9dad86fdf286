/** How much of a kernel's standard output and error is kept. */
export const keptOutputBytes = 64 * 1024;

/**
 * The end of what a kernel printed outside its channels, in a fixed piece of memory; the rest is counted. The memory is taken with the first
 * byte: most kernels print nothing.
 */
export class OutputRing {
  private memory: Buffer | undefined;
  private written = 0;

  constructor(private readonly capacityBytes = keptOutputBytes) {}

  /** How much there was in all. */
  get totalBytes(): number {
    return this.written;
  }

  /** Takes what was read; never fails and never waits. */
  push(chunk: Uint8Array): void {
    this.memory ??= Buffer.alloc(this.capacityBytes);
    const kept = chunk.subarray(Math.max(0, chunk.byteLength - this.capacityBytes));
    const skipped = chunk.byteLength - kept.byteLength;
    const start = (this.written + skipped) % this.capacityBytes;
    const first = kept.subarray(0, this.capacityBytes - start);
    this.memory.set(first, start);
    this.memory.set(kept.subarray(first.byteLength), 0);
    this.written += chunk.byteLength;
  }

  /** At most that much of the end as text, beginning with a whole character. What is missing before it is said in a first line. */
  tail(maxBytes = this.capacityBytes): string {
    if (this.memory === undefined) return '';
    const kept = Math.min(this.written, this.capacityBytes);
    const start = this.written % this.capacityBytes;
    const all =
      this.written <= this.capacityBytes
        ? this.memory.subarray(0, kept)
        : Buffer.concat([this.memory.subarray(start), this.memory.subarray(0, start)]);
    const notice = (missing: number) => (missing > 0 ? `[${missing} bytes before this are not kept]\n` : '');
    const room = this.written > maxBytes ? Math.max(0, maxBytes - notice(this.written).length) : maxBytes;
    let end = all.subarray(Math.max(0, all.length - room));
    if (end.length < this.written) end = end.subarray(startOfCharacter(end));
    return notice(this.written - end.length) + end.toString('utf8');
  }
}

/** Where the first whole UTF-8 character of a cut piece begins. */
function startOfCharacter(piece: Buffer): number {
  let index = 0;
  while (index < 3 && ((piece[index] ?? 0) & 0xc0) === 0x80) index += 1;
  return index;
}
