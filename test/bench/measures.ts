import { readFile } from 'node:fs/promises';
import { delay } from '../../src/base/time';
import type { OpenKernel, StartedKernel, Target } from './target';

/** Rows of one repetition: a metric's name with its value. Numbers are milliseconds, MB/s or counts, as the name says. */
export type Sample = Readonly<Record<string, number>>;

const rounds = 200;

/** `pass` and `kernel_info` on an ipykernel, one at a time: the latency of a cell. */
export async function measureLatency(kernel: OpenKernel): Promise<{ pass: number[]; info: number[] }> {
  const { client } = kernel;
  for (let round = 0; round < 20; round += 1) await client.execute('pass');
  const pass: number[] = [];
  const info: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const passAt = performance.now();
    const answer = await client.execute('pass');
    pass.push(Math.max(answer.replyAt, answer.idleAt) - passAt);
    const infoAt = performance.now();
    const known = await client.request('shell', 'kernel_info_request', {});
    info.push(Math.max(known.replyAt, known.idleAt) - infoAt);
  }
  return { pass, info };
}

/** Messages that cost their kernel nothing: what the bridge alone can carry, and what of the processor it takes for each. */
export async function measureBridge(started: StartedKernel, kernel: OpenKernel): Promise<Sample> {
  const { client } = kernel;
  const small = 50_000;
  await client.execute(JSON.stringify({ publish: 5000 }));
  client.reset();
  const before = await processorTimeMs(started.carriers);
  const answer = await client.execute(JSON.stringify({ publish: small }));
  const usedMs = (await processorTimeMs(started.carriers)) - before;
  const seconds = (answer.idleAt - client.startedAt) / 1000;
  const arrived = client.count;
  client.reset();
  const large = await client.execute(JSON.stringify({ publish: 800, size: 64 * 1024 }));
  const largeSeconds = (large.idleAt - client.startedAt) / 1000;
  return {
    'bridge, small messages, 1/s': arrived / seconds,
    'bridge, CPU per small message, us': (usedMs * 1000) / small,
    [`bridge, arrived of ${small}`]: arrived,
    'bridge, 64 KiB messages, MB/s': client.sizeBytes / 1e6 / largeSeconds,
    'bridge, 64 KiB messages arrived of 800': client.count,
  };
}

const mebibyte = 1024 * 1024;

/** Large payloads both ways. A way that refuses a size is a `NaN` in the table, shown as "closed". */
export async function measureTransfer(started: StartedKernel): Promise<Sample> {
  const down = async (order: object) => {
    const kernel = await started.open();
    try {
      await kernel.client.execute(JSON.stringify(order));
      kernel.client.reset();
      const answer = await kernel.client.execute(JSON.stringify(order));
      return kernel.client.sizeBytes / 1e6 / ((answer.idleAt - kernel.client.startedAt) / 1000);
    } finally {
      await kernel.client.close();
    }
  };
  const up = async (sizeBytes: number, times: number) => {
    const kernel = await started.open();
    try {
      const buffer = Buffer.alloc(sizeBytes, 1);
      const code = JSON.stringify({ sink: 1 });
      const from = performance.now();
      let received = 0;
      for (let time = 0; time < times; time += 1) {
        const answer = await kernel.client.execute(code, [buffer], 15_000);
        received += Number(answer.reply['received'] ?? 0);
      }
      if (received !== sizeBytes * times)
        throw new Error(`the kernel received ${received} of ${sizeBytes * times} bytes`);
      return received / 1e6 / ((performance.now() - from) / 1000);
    } catch {
      // The row says that this way does not carry the size, which is a result.
      return Number.NaN;
    } finally {
      await kernel.client.close();
    }
  };
  return {
    '64 MiB text to the client, MB/s': await down({ display: 64 * mebibyte }),
    '64 MiB binary to the client, MB/s': await down({ buffer: 64 * mebibyte }),
    '4 MiB binary to the kernel, MB/s': await up(4 * mebibyte, 8),
    '64 MiB binary to the kernel, MB/s': await up(64 * mebibyte, 1),
  };
}

/** A fresh WebSocket until the kernel answered `kernel_info_request` over it. */
export async function measureOpening(started: StartedKernel): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < 40; round += 1) {
    const from = performance.now();
    const { client } = await started.open();
    const answer = await client.request('shell', 'kernel_info_request', {});
    times.push(answer.replyAt - from);
    await client.close();
  }
  return times;
}

/** Twenty kernels that print at once: how many of their messages arrive, and whether every cell ends. */
export async function measureTwentyKernels(target: Target): Promise<Sample> {
  const count = 20;
  const each = 2000;
  const kernels: { started: StartedKernel; open: OpenKernel }[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const started = await target.startKernel('bench-ipykernel');
      kernels.push({ started, open: await started.open() });
    }
    await Promise.all(kernels.map(({ open }) => open.client.execute('pass')));
    for (const { open } of kernels) open.client.reset();
    const code = `from IPython.display import publish_display_data\nfor i in range(${each}): publish_display_data({"text/plain": str(i)})`;
    const ends = await Promise.allSettled(kernels.map(({ open }) => open.client.execute(code, [], 30_000)));
    return {
      [`20 kernels, arrived of ${count * each}`]: kernels.reduce(
        (sum, { open }) => sum + open.client.count,
        0,
      ),
      '20 kernels, cells that ended': ends.filter(({ status }) => status === 'fulfilled').length,
    };
  } finally {
    for (const { started, open } of kernels) {
      await open.client.close();
      await started.shutDown();
    }
  }
}

/** A reader that stops for four seconds while 20,000 messages of 2 KiB are on their way. */
export async function measureStoppedReader(kernel: OpenKernel): Promise<Sample> {
  if (kernel.pause === undefined || kernel.resume === undefined) return {};
  const messages = 20_000;
  kernel.client.reset();
  const code = `from IPython.display import publish_display_data\nfor i in range(${messages}): publish_display_data({"text/plain": "x" * 2048})`;
  const ended = kernel.client.execute(code, [], 30_000).then(
    () => 1,
    () => 0,
  );
  await delay(300);
  kernel.pause();
  await delay(4000);
  kernel.resume();
  const isEnded = await ended;
  return {
    [`stopped reader, arrived of ${messages}`]: kernel.client.count,
    'stopped reader, cells that ended': isEnded,
  };
}

/** User and system time of processes so far, from /proc; a tick is 10 ms on Linux. */
export async function processorTimeMs(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * 10;
}

/** Memory of processes: resident, and what is theirs alone (the rest is shared with other processes of the same program). */
export async function memoryOf(pid: number): Promise<{ residentBytes: number; ownBytes: number }> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0);
  return {
    residentBytes: kilobytes('Rss') * 1024,
    ownBytes: (kilobytes('Private_Dirty') + kilobytes('Private_Clean')) * 1024,
  };
}
