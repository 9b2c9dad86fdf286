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
  private readonly streams: Readable[] = [];
  private readonly ends: Promise<void>[] = [];

  constructor(stream?: Readable) {
    if (stream !== undefined) this.read(stream);
  }

  /** Reads this as well; it is then ours to destroy. */
  read(stream: Readable): void {
    this.streams.push(stream);
    this.ends.push(new Promise((resolve) => stream.once('close', () => resolve())));
    stream.on('data', (chunk: Buffer) => this.ring.push(chunk));
    stream.on('error', () => stream.destroy());
  }

  /** Once the process has ended: waits for what is still to be read, a moment at most, and lets go. */
  async finish(): Promise<void> {
    const abandon = new AbortController();
    const late = delay(graceMs, abandon.signal).catch(() => undefined);
    await Promise.race([Promise.all(this.ends), late]);
    abandon.abort();
    this.dispose();
  }

  dispose(): void {
    for (const stream of this.streams) stream.destroy();
  }
}
