import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import type { KernelDetails } from '../../../src/protocol/kernels';
import { CountingCell, everyNumber, faultsOf, linesBetween, type Counted } from './many-users-counting';
import {
  patienceMs,
  startKernelOf,
  startManyUsersStage,
  startTimeOf,
  type DaemonPart,
  type ManyUsersStage,
} from './many-users-stage';

const timeout = 900_000;

/** A stage on which a kernel counts, and whose processes a test ends one after another or together. */
class Killing {
  kills = 0;

  constructor(
    readonly stage: ManyUsersStage,
    readonly counting: CountingCell,
    private readonly kernel: { readonly pid: number; readonly startTime: string },
  ) {}

  static async begin(t: TestContext): Promise<Killing | undefined> {
    const stage = await startManyUsersStage(t);
    if (stage === undefined) return undefined;
    const { id, pid } = await startKernelOf(stage.host, 'count.ipynb');
    assert.ok(pid !== undefined);
    const startTime = await startTimeOf(pid);
    assert.ok(startTime !== undefined);
    const counting = new CountingCell(t, stage.system, stage.host, id, 'count');
    await counting.goesOn();
    return new Killing(stage, counting, { pid, startTime });
  }

  /** Ends these together, each of which has to be there, or to come within a while. */
  async kill(...parts: readonly DaemonPart[]): Promise<void> {
    for (const part of parts)
      await until(
        async () => ((await this.stage.pidsOf(part)).length > 0 ? true : undefined),
        withDeadline(patienceMs, `a process ${part}`),
      );
    const counts = await Promise.all(parts.map((part) => this.stage.kill(part)));
    for (const count of counts) this.kills += count;
  }

  /** Waits until the kernel is heard to count on, and asks for the connection instead of waiting for longer and longer. */
  async goesOn(isHurried: boolean): Promise<void> {
    const { window, host } = this.stage;
    const hurrying = window.hosts.onDidChange(() => {
      if (isHurried && this.stage.host.state.kind === 'waiting')
        setImmediate(() => window.hosts.reconnectNow(host.id));
    });
    if (isHurried) window.hosts.reconnectNow(host.id);
    try {
      await this.counting.goesOn();
    } catch (error) {
      const { kind } = this.stage.host.state;
      const words = [...window.log.slice(-20), this.stage.daemon.words().slice(-2000)].join('\n');
      throw new Error(`${String(error)}; ${kind}:\n${words}`, { cause: error });
    } finally {
      hurrying.dispose();
    }
  }

  /** Waits until the window has noticed so many losses in all: what was on the way before one is heard after it. */
  async isLost(times: number): Promise<void> {
    await until(
      () => (this.counting.losses >= times ? true : undefined),
      withDeadline(patienceMs, `loss ${times} of the kernel`),
    );
  }

  /** Lets the cell end, and says what it was while it is known that the kernel's process is the one of the beginning. */
  async finish(t: TestContext): Promise<Counted> {
    const counted = await this.counting.finish();
    assert.equal(await startTimeOf(this.kernel.pid), this.kernel.startTime, 'the same process all the time');
    const { id } = this.counting.notebook.kernel;
    const details: KernelDetails | undefined = await this.stage.host.agent.findKernel(
      id,
      withDeadline(patienceMs, 'the kernel'),
    );
    assert.deepEqual([details?.pid, details?.restarts], [this.kernel.pid, 0]);
    t.diagnostic(`${counted.count} lines, ${this.kills} kills, ${this.counting.losses} losses`);
    return counted;
  }
}

function assertWhole({ count, out, err, displays }: Counted): void {
  const some = everyNumber(count, linesBetween);
  const faults = {
    out: faultsOf(out, everyNumber(count)),
    err: faultsOf(err, some),
    displays: faultsOf(displays, some),
  };
  assert.deepEqual(faults, { out: '', err: '', displays: '' });
}

/** The runs of numbers that are not there. */
function gapsOf(numbers: readonly number[], count: number): (readonly [number, number])[] {
  const gaps: (readonly [number, number])[] = [];
  let last = 0;
  for (const number of [...numbers, count + 1]) {
    if (number > last + 1) gaps.push([last + 1, number - 1]);
    last = number;
  }
  return gaps;
}

test(
  'whatever process of the host is killed while a kernel prints, every line arrives once',
  { timeout },
  async (t) => {
    const killing = await Killing.begin(t);
    if (killing === undefined) return;
    const { stage, counting } = killing;
    await stage.system.addAccount({ name: 'carol', password: 'Old-1990!x', mustChange: true });

    for (const part of ['announce', 'pam'] as const) {
      if (part === 'pam') assert.match((await stage.daemon.signIn('carol', 'Old-1990!x')).text, /"more"/);
      await killing.kill(part);
      await killing.goesOn(false);
    }
    assert.deepEqual([counting.losses, stage.host.state.kind], [0, 'connected']);

    for (const part of ['front-door', 'agent'] as const) {
      await killing.kill(part);
      await killing.isLost(part === 'front-door' ? 1 : 2);
      await killing.goesOn(false);
    }
    await killing.kill('serve');
    await stage.restartDaemon();
    await killing.isLost(3);
    await killing.goesOn(false);
    await stage.network.set('reset');
    await stage.network.set('pass');
    await killing.isLost(4);
    await killing.goesOn(false);
    assert.equal(killing.kills, 5);

    const counted = await killing.finish(t);
    assertWhole(counted);
    assert.deepEqual([counting.cell.result?.isSuccess, counting.cell.notes], [true, []]);
    assert.ok(counted.count >= 350);
  },
);

test(
  'several processes killed at once, twice in a row, and while the window comes back, lose and double no line',
  { timeout },
  async (t) => {
    const killing = await Killing.begin(t);
    if (killing === undefined) return;
    const { stage, counting } = killing;
    for (let round = 0; round < 2; round += 1) {
      await killing.kill('front-door', 'agent', 'announce');
      await killing.goesOn(true);
      await killing.kill('agent', 'front-door', 'serve');
      await stage.restartDaemon();
      await killing.goesOn(true);
      for (const part of ['front-door', 'agent'] as const) {
        const losses = counting.losses;
        await killing.kill(part);
        await killing.isLost(losses + 1);
        await killing.kill('front-door');
        await killing.goesOn(true);
      }
      const losses = counting.losses;
      await stage.network.set('reset');
      await killing.kill('agent');
      await stage.network.set('pass');
      await killing.isLost(losses + 1);
      await stage.network.set('reset');
      await stage.network.set('pass');
      await killing.goesOn(true);
      await killing.kill('front-door');
      await killing.kill('front-door');
      await killing.kill('agent');
      await killing.goesOn(true);
    }
    assert.ok(killing.kills >= 28, `${killing.kills} kills`);
    const counted = await killing.finish(t);
    assertWhole(counted);
    assert.deepEqual([counting.cell.result?.isSuccess, counting.cell.notes], [true, []]);
  },
);

test(
  'when the keeper of a kernel is killed the gap is said, and around it no line is lost or doubled',
  { timeout },
  async (t) => {
    const killing = await Killing.begin(t);
    if (killing === undefined) return;
    const { counting } = killing;
    const note = 'missed without a keeper';
    const isSaid = (times: number) =>
      until(
        () => (counting.cell.notes.filter((text) => text === note).length >= times ? true : undefined),
        withDeadline(patienceMs, 'word of the gap'),
      );
    await killing.kill('keeper');
    await killing.goesOn(true);
    await isSaid(1);
    await killing.kill('front-door');
    await killing.goesOn(true);
    await killing.kill('agent');
    await killing.goesOn(true);
    await killing.kill('keeper', 'agent', 'front-door');
    await killing.goesOn(true);
    await isSaid(2);

    const counted = await killing.finish(t);
    const gaps = gapsOf(counted.out, counted.count);
    t.diagnostic(`gaps: ${JSON.stringify(gaps)}`);
    const isKnown = (number: number) => gaps.every(([first, last]) => number < first || number > last);
    assert.ok(gaps.length <= 2, JSON.stringify(gaps));
    assert.equal(faultsOf(counted.out, everyNumber(counted.count).filter(isKnown)), '');
    for (const numbers of [counted.err, counted.displays]) {
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((one, other) => one - other),
        'once and in order',
      );
      const turns = numbers.map((number) => number / linesBetween);
      assert.ok(gapsOf(turns, Math.floor(counted.count / linesBetween)).length <= 2, numbers.join(' '));
    }
    assert.deepEqual(counting.cell.notes, [note, note]);
    assert.equal(counting.cell.result?.isSuccess, true);
    const details = counting.notebook.kernel;
    assert.equal(
      (await killing.stage.host.agent.findKernel(details.id, withDeadline(patienceMs, 'the kernel')))?.gaps
        .length,
      2,
    );
  },
);
