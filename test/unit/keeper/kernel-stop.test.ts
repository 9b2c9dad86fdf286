import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelProcess, ProcessEnd } from '../../../src/daemon/keeper/kernel-process';
import { stopKernelProcess, type StopPatience } from '../../../src/daemon/keeper/kernel-stop';
import { OutputRing } from '../../../src/daemon/keeper/output-ring';

/** Higher than any process id of Linux. */
const groupId = 2 ** 30;

const atOnce: StopPatience = { askedMs: 1, terminatedMs: 1 };
const late = 60_000;

/** How a kernel ends by what, what it is told before, and what it has been told in the end. */
const stops: readonly {
  readonly what: string;
  readonly endsBy: string;
  readonly isAsked: boolean;
  readonly patience: StopPatience;
  readonly told: readonly string[];
}[] = [
  {
    what: 'a kernel that listens is asked, and gets no signal',
    endsBy: 'question',
    isAsked: true,
    patience: { askedMs: late, terminatedMs: late },
    told: ['question'],
  },
  {
    what: 'a kernel that does not listen gets SIGTERM',
    endsBy: 'SIGTERM',
    isAsked: true,
    patience: { askedMs: 1, terminatedMs: late },
    told: ['question', 'SIGTERM'],
  },
  {
    what: 'a kernel that ignores everything is killed in the end',
    endsBy: 'SIGKILL',
    isAsked: true,
    patience: atOnce,
    told: ['question', 'SIGTERM', 'SIGKILL'],
  },
  {
    what: 'a kernel that is ended by force gets SIGKILL and nothing before it',
    endsBy: 'SIGKILL',
    isAsked: false,
    patience: { askedMs: late, terminatedMs: late },
    told: ['SIGKILL'],
  },
];

for (const { what, endsBy, isAsked, patience, told } of stops) {
  test(what, async (t) => {
    const heard: string[] = [];
    let end: (ended: ProcessEnd) => void = () => undefined;
    const ended = new Promise<ProcessEnd>((resolve) => (end = resolve));
    const hear = (word: string) => {
      heard.push(word);
      if (word === endsBy) end({ signal: endsBy });
    };
    t.mock.method(process, 'kill', (pid: number, signal: string) => {
      assert.equal(pid, -groupId);
      // The group has gone with its kernel.
      if (heard.includes(endsBy)) throw Object.assign(new Error('no such group'), { code: 'ESRCH' });
      hear(signal);
      return true;
    });
    const kernel: KernelProcess = {
      pid: groupId,
      startTime: '',
      ended,
      output: new OutputRing(),
      release: () => undefined,
    };
    const ask = () => hear('question');
    assert.deepEqual(await stopKernelProcess(kernel, isAsked ? ask : undefined, patience), {
      signal: endsBy,
    });
    assert.deepEqual(heard, told);
  });
}
