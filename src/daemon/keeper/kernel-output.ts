import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Disposable } from '../../base/disposable';
import { delay } from '../../base/time';
import { OutputRing } from './output-ring';

/** How long the rest of an ended kernel's output is waited for: something that it started may hold the other end for ever. */
const graceMs = 200;

/** Reads all that a kernel prints outside its channels, as it comes, so that no kernel waits for us, and keeps the end of it. */
export class KernelOutput implements Disposable {
  /** What is kept, also after the end. */
  readonly ring = new OutputRing();
  private readonly streams = new Set<Readable>();
  private readonly ends: Promise<void>[] = [];

  constructor(stream?: Readable) {
    if (stream !== undefined) this.read(stream);
  }

  /** Reads this as well; it is then ours to destroy. */
  read(stream: Readable): void {
    this.streams.add(stream);
    this.ends.push(new Promise((resolve) => stream.once('close', () => resolve())));
    stream.on('data', (chunk: Buffer) => this.ring.push(chunk));
    stream.on('error', () => stream.destroy());
  }

  /**
   * Once the process has ended: waits for what is still to be read, a moment at most. What something else prints there later is read without being
   * kept for as long as this process lives, and keeps it from ending no more: a program that the kernel has started and that outlives it holds a FIFO
   * for reading too, so that nothing would ever tell it that nobody reads, and it would wait for ever. Disposing does not end that.
   */
  async finish(): Promise<void> {
    const abandon = new AbortController();
    const late = delay(graceMs, abandon.signal).catch(() => undefined);
    await Promise.race([Promise.all(this.ends), late]);
    abandon.abort();
    for (const stream of this.streams) {
      stream.removeAllListeners('data');
      stream.resume();
      if (stream instanceof Socket) stream.unref();
    }
    this.streams.clear();
  }

  /** Reads no more, unless the process has ended: what it prints from now on is another's to read. */
  dispose(): void {
    for (const stream of this.streams) stream.destroy();
  }
}
