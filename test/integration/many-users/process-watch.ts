import { open, readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { systemErrorCode } from '../../../src/base/errors';
import { delay, until, withDeadline } from '../../../src/base/time';
import type { PrivateSystem } from '../../support/private-system';
import type { CanarySearch, Sighting } from './canaries';

/** Far less than the shortest process with a secret lives. */
const pauseMs = 25;

/** Looks at the arguments and the environment of every process of a private system, again and again until it is stopped. */
export class ProcessWatch {
  private readonly found = new Map<string, Sighting>();
  private readonly seen = new Map<string, number>();
  private isStopped = false;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly system: PrivateSystem,
    private readonly search: CanarySearch,
  ) {}

  /** Begins, and ends with the test at the latest. */
  start(t: TestContext): void {
    t.after(() => (this.isStopped = true));
    this.looking = this.lookAgainAndAgain();
  }

  /** Resolves with what was seen of canaries. Rejects when a look was not possible. */
  async stop(): Promise<readonly Sighting[]> {
    this.isStopped = true;
    await this.looking;
    return [...this.found.values()];
  }

  /** In how many processes those words were among the arguments. */
  countOf(words: string): number {
    return [...this.seen.keys()].filter((command) => command.includes(words)).length;
  }

  private async lookAgainAndAgain(): Promise<void> {
    while (!this.isStopped) {
      const processes = await this.system.processes();
      await Promise.all(processes.map(({ pid }) => this.look(pid)));
      await delay(pauseMs);
    }
  }

  private async look(pid: number): Promise<void> {
    const words = await readOfProcess(pid, 'cmdline');
    const variables = await readOfProcess(pid, 'environ');
    const command = words.toString().split('\0').join(' ').trim();
    this.seen.set(`${pid} ${command}`, pid);
    for (const [what, bytes] of [
      ['arguments', words],
      ['environment', variables],
    ] as const)
      for (const one of this.search.find(bytes, `${what} of ${command}`))
        this.found.set(JSON.stringify(one), one);
  }
}

/** The memory of a process that it can write to, part by part, as root reads it. */
export async function* memoryOf(pid: number): AsyncGenerator<Buffer> {
  const maps = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n');
  const memory = await open(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of maps) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const begin = Number(`0x${from}`);
      const bytes = Buffer.alloc(Number(`0x${to}`) - begin);
      try {
        const { bytesRead } = await memory.read(bytes, 0, bytes.length, begin);
        yield bytes.subarray(0, bytesRead);
      } catch (error) {
        // A part that was given back since the list was read, or one of a device.
        if (!['EIO', 'EFAULT'].includes(systemErrorCode(error) ?? '')) throw error;
      }
    }
  } finally {
    await memory.close();
  }
}

/** Whether this text is in the memory of the process. */
export async function isInMemory(pid: number, text: string): Promise<boolean> {
  for await (const part of memoryOf(pid)) if (part.includes(text)) return true;
  return false;
}

/** Ends a process by a signal that asks for a core file, and waits until it is gone with all its threads. */
export async function crash(pid: number, signal: 'SIGSEGV' | 'SIGABRT'): Promise<void> {
  process.kill(pid, signal);
  await until(
    async () => {
      const stat = (await readOfProcess(pid, 'stat')).toString();
      return stat === '' || /\) [ZX] /.test(stat) ? true : undefined;
    },
    withDeadline(30_000, `the end of process ${pid}`),
  );
}

async function readOfProcess(pid: number, name: string): Promise<Buffer> {
  try {
    return await readFile(`/proc/${pid}/${name}`);
  } catch (error) {
    // It has ended meanwhile.
    if (['ENOENT', 'ESRCH'].includes(systemErrorCode(error) ?? '')) return Buffer.alloc(0);
    throw error;
  }
}
