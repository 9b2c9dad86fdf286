import type { Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import { treeMemoryBytes } from '../platform/processes';

/** A working kernel can grow by gigabytes in seconds; an idle one hardly changes. */
const busyIntervalMs = 2000;
const idleIntervalMs = 60_000;

/** Knows how much memory a kernel's processes had when they were last looked at, also after they were killed for it. */
export class MemoryWatch implements Disposable {
  private timer: NodeJS.Timeout | undefined;
  private lastBytes: number | undefined;
  private measuredAt = 0;
  private isBusy = false;
  private pid: number | undefined;

  constructor(
    private readonly log: Logger,
    private readonly onChange: () => void,
  ) {}

  /** The last figure in bytes. */
  get memoryBytes(): number | undefined {
    return this.lastBytes;
  }

  /** Says whose memory is watched (`undefined`: nobody's; the last figure stays) and whether it works. */
  follow(pid: number | undefined, isBusy: boolean): void {
    if (pid === this.pid && isBusy === this.isBusy) return;
    if (pid !== undefined && pid !== this.pid) this.lastBytes = undefined;
    this.pid = pid;
    this.isBusy = isBusy;
    this.schedule(isBusy ? busyIntervalMs : 200);
  }

  /** Measures now unless that was done a moment ago. */
  async measure(): Promise<void> {
    const pid = this.pid;
    if (pid === undefined || Date.now() - this.measuredAt < 500) return;
    this.measuredAt = Date.now();
    try {
      const sizeBytes = await treeMemoryBytes(pid);
      if (sizeBytes === undefined || pid !== this.pid) return;
      const isNews = Math.abs(sizeBytes - (this.lastBytes ?? 0)) > 1_000_000;
      this.lastBytes = sizeBytes;
      if (isNews) this.onChange();
    } catch (error) {
      this.log.error('the memory of the kernel could not be read', error);
    }
  }

  dispose(): void {
    this.pid = undefined;
    clearTimeout(this.timer);
  }

  private schedule(timeMs: number): void {
    clearTimeout(this.timer);
    if (this.pid === undefined) return;
    this.timer = setTimeout(() => {
      void this.measure();
      this.schedule(this.isBusy ? busyIntervalMs : idleIntervalMs);
    }, timeMs);
    this.timer.unref();
  }
}
