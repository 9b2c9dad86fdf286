import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../../src/base/event';
import type { HttpConnection } from '../../../src/base/http-connection';
import { AccessOfAgent, type ChangingAgentAccess } from '../../../src/extension/remote/access-of-agent';
import { ListStore } from '../../../src/extension/remote/list-store';
import type { KernelDetails } from '../../../src/protocol/kernels';

const never = new AbortController().signal;

/** The client of a host at which people come and go. */
class TestClient implements ChangingAgentAccess {
  private readonly changes = new Emitter<boolean>();
  readonly onDidChangeAttachment = this.changes.event;
  readonly kernels = new ListStore<KernelDetails>(({ id }) => id);
  hello: { readonly agentId: string } | undefined;
  http: HttpConnection | undefined;
  suspicions = 0;

  findKernel(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  suspectLoss(): void {
    this.suspicions += 1;
  }

  attach(agentId?: string): void {
    this.hello = agentId === undefined ? undefined : { agentId };
    this.http = {
      baseUrl: 'http://localhost',
      Request,
      Headers,
      WebSocket: globalThis.WebSocket,
      fetch: () => Promise.reject(new TypeError('not asked here')),
    };
    this.changes.fire(true);
  }

  detach(): void {
    this.http = undefined;
    this.changes.fire(false);
  }
}

test("one person's kernels wait while another person is signed in to the host, and go on when the first one is back", async () => {
  const client = new TestClient();
  client.attach('of ada');
  const access = new AccessOfAgent(client, 'of ada');
  const told: boolean[] = [];
  access.onDidChangeAttachment((isAttached) => told.push(isAttached));
  assert.equal(access.http, client.http);
  client.detach();
  client.attach('of bob');
  assert.equal(access.http, undefined);
  client.detach();
  client.attach('of ada');
  assert.equal(access.http, client.http);
  assert.deepEqual(told, [false, false, false, true]);
  assert.equal(await access.findKernel('k', never), undefined);
});

test("that another person's agent does not know a kernel says nothing about it", async () => {
  const client = new TestClient();
  client.attach('of bob');
  const access = new AccessOfAgent(client, 'of ada');
  await assert.rejects(access.findKernel('k', never), { code: 'lost' });
  access.suspectLoss(new Error('no answer'));
  assert.equal(client.suspicions, 0);
});

test('a host without an agent has one way for all', () => {
  const client = new TestClient();
  client.attach();
  assert.equal(new AccessOfAgent(client, undefined).http, client.http);
});
