import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Emitter } from '../../../src/base/event';
import { silentLogger } from '../../../src/base/logger';
import type { Environment } from '../../../src/protocol/environments';
import { WireError } from '../../../src/protocol/errors';
import type { KernelDetails, KernelRequest } from '../../../src/protocol/kernels';
import type { Host, Hosts } from '../../../src/extension/hosts/host';
import {
  DeclinedError,
  KernelStarter,
  type OwnerQuestion,
} from '../../../src/extension/notebooks/kernel-starter';
import { RememberedEnvironments } from '../../../src/extension/notebooks/remembered-environments';

const environmentId = '0123456789abcdef';

function environment(more: Partial<Environment> = {}): Environment {
  return {
    id: environmentId,
    kind: 'conda',
    name: 'analysis',
    prefix: '/p',
    language: 'python',
    isWritable: true,
    owner: 'self',
    ...more,
  };
}

/** A host that answers from memory, and everything that was asked of it. */
class FakeHost {
  isAttached = true;
  connects = true;
  listed: Environment[] = [environment()];
  freshness = 'current';
  kernels = new Map<string, Partial<KernelDetails>>();
  readonly started: KernelRequest[] = [];
  readonly questions: OwnerQuestion[] = [];
  connections = 0;
  agrees = true;
  readonly listChanges = new Emitter<void>();
  private readonly stored = new Map<string, unknown>();

  starter(): KernelStarter {
    const listed = () => this.listed;
    const freshness = () => this.freshness;
    const isAttached = () => this.isAttached;
    const agent = {
      get isAttached() {
        return isAttached();
      },
      capabilities: {
        hasEnvironments: true,
        hasFolders: true,
        hasPreferences: true,
        canChangeEnvironments: true,
      },
      environments: {
        get items() {
          return listed();
        },
        get freshness() {
          return freshness();
        },
        get: (id: string) => listed().find((item) => item.id === id),
        onDidChange: this.listChanges.event,
      },
      findKernel: (id: string) => Promise.resolve(this.kernels.get(id)),
      startKernel: (request: KernelRequest) => {
        this.started.push(request);
        return Promise.resolve({ id: 'fresh', state: 'idle' });
      },
    };
    const host = { id: 'h', name: 'lab-7', agent, state: { kind: 'disconnected' } } as unknown as Host;
    return new KernelStarter({
      hosts: { get: (id: string) => (id === 'h' ? host : undefined) } as unknown as Hosts,
      environments: new RememberedEnvironments({
        keys: () => [],
        get: (key: string) => this.stored.get(key),
        update: (key: string, value: unknown) => {
          this.stored.set(key, value);
          return Promise.resolve();
        },
      } as never),
      connectHost: () => {
        this.connections += 1;
        this.isAttached = this.connects;
        return Promise.resolve(this.connects);
      },
      confirmOwner: (question) => {
        this.questions.push(question);
        return Promise.resolve(this.agrees);
      },
      logger: silentLogger,
    });
  }
}

const order = {
  hostId: 'h',
  environmentId,
  kernelId: undefined,
  sessionPath: 'c/d/a.ipynb',
  sessionName: 'a.ipynb',
  workingDirectory: '~/project',
};
const signal = AbortSignal.timeout(60_000);

describe('the way of a notebook to its kernel', () => {
  test('starts one in the environment and folder, under the notebook’s session', async () => {
    const host = new FakeHost();
    assert.equal((await host.starter().start(order, signal)).id, 'fresh');
    assert.deepEqual(host.started, [
      {
        environmentId,
        workingDirectory: '~/project',
        session: { path: 'c/d/a.ipynb', name: 'a.ipynb', type: 'notebook' },
      },
    ]);
    assert.deepEqual([host.connections, host.questions], [0, []]);
  });

  test('takes the kernel of before while it lives, and starts one when it is dead or gone', async () => {
    const host = new FakeHost();
    host.kernels.set('old', { id: 'old', state: 'busy' });
    host.kernels.set('dead', { id: 'dead', state: 'dead' });
    const ids = [];
    for (const kernelId of ['old', 'dead', 'gone'])
      ids.push((await host.starter().start({ ...order, kernelId }, signal)).id);
    assert.deepEqual([ids, host.started.length], [['old', 'fresh', 'fresh'], 2]);
  });

  test('connects a host first, and ends quietly when the person does not want to', async () => {
    const host = new FakeHost();
    host.isAttached = false;
    await host.starter().start(order, signal);
    assert.equal(host.connections, 1);
    host.isAttached = false;
    host.connects = false;
    await assert.rejects(host.starter().start(order, signal), DeclinedError);
    assert.equal(host.started.length, 1);
  });

  test('runs nothing in another user’s environment before the person agreed, and asks once', async () => {
    const host = new FakeHost();
    host.listed = [environment({ owner: 'other', ownerName: 'mallory', name: 'nice\ntorch' })];
    host.agrees = false;
    const starter = host.starter();
    await assert.rejects(starter.start(order, signal), DeclinedError);
    assert.equal(host.started.length, 0);
    host.agrees = true;
    await starter.start(order, signal);
    await starter.start(order, signal);
    assert.deepEqual([host.started.length, host.questions.length], [2, 2]);
    assert.deepEqual(host.questions[0], {
      environmentName: 'nice␤torch',
      hostName: 'lab-7',
      ownerName: 'mallory',
    });
    host.listed = [environment({ owner: 'other', ownerName: 'trudy' })];
    await starter.start(order, signal);
    assert.equal(host.questions.length, 3);
  });

  test('does not start what the host’s list does not have, since nobody knows whose it is', async () => {
    const host = new FakeHost();
    host.listed = [];
    const started = host.starter().start(order, signal);
    await assert.rejects(
      started,
      (error) => error instanceof WireError && error.code === 'environment-not-found',
    );
    assert.equal(host.started.length, 0);
  });

  test('waits for a list that is still being read', async () => {
    const host = new FakeHost();
    host.listed = [];
    host.freshness = 'loading';
    const started = host.starter().start(order, signal);
    await new Promise((resolve) => setImmediate(resolve));
    host.listed = [environment()];
    host.listChanges.fire();
    assert.equal((await started).id, 'fresh');
  });

  test('ends when it is cancelled', async () => {
    const host = new FakeHost();
    const cancelled = AbortSignal.abort(new DOMException('cancelled', 'AbortError'));
    await assert.rejects(host.starter().start(order, cancelled), /cancelled/);
    assert.equal(host.started.length, 0);
  });

  test('says that a host which is not known any more is not', async () => {
    await assert.rejects(
      new FakeHost().starter().start({ ...order, hostId: 'x' }, signal),
      /not known any more/,
    );
  });
});
