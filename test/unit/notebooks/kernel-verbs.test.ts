import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NotebookDocument } from 'vscode';
import { silentLogger } from '../../../src/base/logger';
import { WireError } from '../../../src/protocol/errors';
import type { Host } from '../../../src/extension/hosts/host';
import {
  interruptKernel,
  restartKernel,
  shutDownKernel,
  type VerbContext,
  type VerbNotebook,
} from '../../../src/extension/notebooks/kernel-verbs';
import type { KernelLink } from '../../../src/extension/notebooks/kernel-link';
import { isKernelOfAnother } from '../../../src/extension/notebooks/notebook-reference';
import type { RememberedNotebook } from '../../../src/extension/notebooks/remembered-notebooks';
import { LostConnectionError } from '../../../src/extension/remote/lost-connection-error';

/** Ada's kernel in a notebook; the host leads to whose agent `signedIn` says. */
class Stage {
  /** What was sent to the host. */
  readonly sent: string[] = [];
  /** What became of the cells. */
  readonly cells: string[] = [];
  readonly shown: string[] = [];
  signedIn = 'ada';
  isAttached = true;
  /** Who answers the sign-in when the host has to be connected. */
  signsIn: string | undefined;
  refusal: Error | undefined;
  private isLinked = true;
  private readonly remembered: RememberedNotebook = {
    hostId: 'lab-7',
    environmentId: 'e1',
    environmentName: 'analysis',
    kernelId: 'k1',
    agentId: 'ada',
    usedAt: 0,
  };

  get context(): VerbContext {
    return {
      clock: { now: () => 0, schedule: () => () => undefined },
      logger: silentLogger,
      starter: {
        connected: () => {
          if (this.signsIn !== undefined) this.signedIn = this.signsIn;
          this.isAttached = true;
          return Promise.resolve(this.host);
        },
      },
      withLateProgress: (_title, task) => task(new AbortController().signal),
      showProblem: ({ message }) => {
        this.shown.push(message);
        return Promise.resolve();
      },
      showKernelProblem: (_notebook, { message }) => {
        this.shown.push(message);
        return Promise.resolve();
      },
      changed: () => undefined,
    };
  }

  get open(): VerbNotebook {
    const { host, link } = this;
    const isLinked = () => this.isLinked;
    const isOfAnother = () => isKernelOfAnother(this.remembered, host);
    return {
      notebook: {} as NotebookDocument,
      get current() {
        return isLinked() ? link : undefined;
      },
      host,
      remembered: this.remembered,
      get isOfAnother() {
        return isOfAnother();
      },
      needsFreshKernel: false,
      cancelStart: () => undefined,
      ensureLink: () => {
        this.cells.push(`a kernel for ${this.signedIn}`);
        return Promise.resolve(link);
      },
      onPurpose: (task) => task(),
      forgetKernel: () => {
        this.isLinked = false;
        return Promise.resolve();
      },
    };
  }

  private get host(): Host {
    const send = (what: string) => (kernelId: string) => {
      this.sent.push(`${what} ${kernelId} of ${this.signedIn}`);
      return this.refusal === undefined ? Promise.resolve() : Promise.reject(this.refusal);
    };
    const isAttached = () => this.isAttached;
    const signedIn = () => this.signedIn;
    const agent = {
      get isAttached() {
        return isAttached();
      },
      get hello() {
        return { agentId: signedIn() };
      },
      interruptKernel: send('interrupt'),
      restartKernel: send('restart'),
      shutDownKernel: send('shut down'),
    };
    return { id: 'lab-7', name: 'lab-7', agent } as unknown as Host;
  }

  private get link(): KernelLink {
    const execution = {
      current: undefined,
      stopWaiting: () => this.cells.push('waiting ones stopped'),
      abandon: () => this.cells.push('abandoned'),
      onDidChange: () => ({ dispose: () => undefined }),
    };
    const connection = { isDisposed: false, requestKernelInfo: () => Promise.resolve({}) };
    const details = { id: 'k1', environmentName: 'analysis' };
    return { host: this.host, details, execution, kernel: { connection } } as unknown as KernelLink;
  }
}

const ofAnother = 'it belongs to another person than the one who is signed in there. It goes on.';

describe('a kernel of another person than the one who is signed in', () => {
  test('is not interrupted; what waited for it does not run', async () => {
    const stage = new Stage();
    stage.signedIn = 'bob';
    await interruptKernel(stage.context, stage.open);
    assert.deepEqual(stage.sent, []);
    assert.deepEqual(stage.cells, ['waiting ones stopped']);
    assert.deepEqual(stage.shown, [`The kernel of this notebook on lab-7 was not interrupted: ${ofAnother}`]);
  });

  test('is left alone by a restart, which gives who is signed in a kernel of their own', async () => {
    const stage = new Stage();
    stage.signedIn = 'bob';
    assert.equal(await restartKernel(stage.context, stage.open), true);
    assert.deepEqual(stage.sent, []);
    assert.deepEqual(stage.cells, ['a kernel for bob']);
  });

  test('is not restarted by whom the sign-in for the restart brought, and its cells go on', async () => {
    const stage = new Stage();
    stage.isAttached = false;
    stage.signsIn = 'bob';
    assert.equal(await restartKernel(stage.context, stage.open), false);
    assert.deepEqual(stage.sent, []);
    assert.deepEqual(stage.cells, []);
    assert.deepEqual(stage.shown, [`The kernel of this notebook on lab-7 was not restarted: ${ofAnother}`]);
  });

  for (const isKnown of [true, false]) {
    test(`is not shut down by ${isKnown ? 'who is signed in' : 'whom the sign-in for it brought'}, and its cells go on`, async () => {
      const stage = new Stage();
      if (isKnown) stage.signedIn = 'bob';
      else Object.assign(stage, { isAttached: false, signsIn: 'bob' });
      await shutDownKernel(stage.context, stage.open);
      assert.deepEqual(stage.sent, []);
      assert.deepEqual(stage.cells, []);
      assert.deepEqual(stage.shown, [`The kernel of this notebook on lab-7 was not shut down: ${ofAnother}`]);
    });
  }
});

describe('a kernel of the person who is signed in', () => {
  const verbs = [
    ['interrupted', interruptKernel, 'interrupt k1 of ada'],
    ['restarted', restartKernel, 'restart k1 of ada'],
    ['shut down', shutDownKernel, 'shut down k1 of ada'],
  ] as const;

  for (const [what, verb, sent] of verbs) {
    test(`is ${what}, also after a sign-in`, async () => {
      for (const isAttached of [true, false]) {
        // A host that is away is not connected for an interrupt: it ends only what waits.
        if (!isAttached && verb === interruptKernel) continue;
        const stage = new Stage();
        stage.isAttached = isAttached;
        await verb(stage.context, stage.open);
        assert.deepEqual(stage.sent, [sent]);
        assert.deepEqual(stage.shown, []);
      }
    });

    test(`is not ${what} when the host refuses, whose reason is said in one line`, async () => {
      const stage = new Stage();
      stage.refusal = new WireError('internal', 'first\nsecond \u202eline');
      await verb(stage.context, stage.open);
      assert.deepEqual(stage.shown, [
        `The kernel of this notebook on lab-7 was not ${what}: first␤second line`,
      ]);
    });

    test(`is not ${what} when the host does not answer in time`, async () => {
      const stage = new Stage();
      stage.refusal = new DOMException('x: no answer within 15 s', 'TimeoutError');
      await verb(stage.context, stage.open);
      assert.deepEqual(stage.shown, [
        `The kernel of this notebook on lab-7 was not ${what}: lab-7 did not answer in time.`,
      ]);
    });
  }

  test('is not interrupted while the host is away, which is said with what became of the cells', async () => {
    const stage = new Stage();
    stage.isAttached = false;
    stage.refusal = new LostConnectionError();
    await interruptKernel(stage.context, stage.open);
    assert.deepEqual(stage.cells, ['waiting ones stopped']);
    assert.deepEqual(stage.shown, [
      'The kernel of this notebook on lab-7 was not interrupted: lab-7 is not connected at the moment. The cells that waited were stopped.',
    ]);
  });
});
