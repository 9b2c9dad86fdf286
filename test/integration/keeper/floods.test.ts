import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { delay, until, withDeadline } from '../../../src/base/time';
import { patienceMs, startKeeper } from './driven-keeper';
import type { KernelClient } from './kernel-client';

/** Publishes messages of a known size through the kernel's own session, past its coalescing of printed text. */
const publish = (count: number, sizeBytes: number, pauseSeconds = 0) => `
import time
kernel = get_ipython().kernel
text = 'x' * ${sizeBytes}
for i in range(${count}):
    kernel.send_response(kernel.iopub_socket, 'display_data', {'data': {'text/plain': str(i)}, 'metadata': {'fill': text}})
    if ${pauseSeconds}: time.sleep(${pauseSeconds})`;

test('200,000 printed lines arrive exactly', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const clients = [await keeper.connect(), await keeper.connect({ protocol: 'json' })];
  const [client] = clients;
  const { outputs } = (await client?.run('for i in range(200000): print(i)')) ?? { outputs: [] };
  const id = outputs[0]?.parent ?? '';
  const expected = Array.from({ length: 200_000 }, (_, index) => `${index}\n`).join('');
  for (const one of clients) {
    await one.until((message) => message.parent === id && message.content['execution_state'] === 'idle');
    assert.equal(one.printed(id), expected);
  }
});

for (const [who, options] of [
  ['a client', {}],
  ['a client that confirms what it receives', { receiver: 'one' }],
] as const)
  test(`20,000 messages in a loop that never rests arrive all, in order, at ${who}`, async (t) => {
    const keeper = await startKeeper(t);
    await keeper.greeting('started');
    const client = await keeper.connect(options);
    await client.run(publish(20_000, 10));
    assert.deepEqual(
      publishedNumbers(client),
      Array.from({ length: 20_000 }, (_, index) => index),
    );
  });

test('a client that stops and confirms nothing loses nothing, and gets on when it reads again', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect({ receiver: 'one' });
  client.webSocket.pause();
  const id = client.execute(`${publish(20_000, 2048)}\nopen("done", "w").close()`);
  await until(
    () => (existsSync(join(keeper.order.workingDirectory, 'done')) ? true : undefined),
    withDeadline(patienceMs, 'the end of the cell'),
  );
  client.webSocket.resume();
  await client.finished(id);
  assert.deepEqual(
    publishedNumbers(client),
    Array.from({ length: 20_000 }, (_, index) => index),
  );
});

test('a reader that stops for 4 s loses nothing while it is less than 64 MiB behind', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  client.webSocket.pause();
  const id = client.execute(publish(20_000, 2048));
  await delay(4000);
  client.webSocket.resume();
  await client.finished(id);
  assert.deepEqual(
    publishedNumbers(client),
    Array.from({ length: 20_000 }, (_, index) => index),
  );
});

test('a reader that is more than 64 MiB behind is closed with 4008 and told how far, and the kernel goes on', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const witness = await keeper.connect();
  client.webSocket.pause();
  await witness.run(publish(1600, 64 * 1024, 0.002));
  const state = await keeper.readState();
  assert.equal(state.connections, 1);
  client.webSocket.resume();
  const { code, reason } = await client.closed();
  assert.equal(code, 4008);
  assert.match(reason, /^this client was 67 MB behind/);
  assert.equal(witness.seen.filter((one) => one.type === 'display_data').length, 1600);
  const status = await readFile(`/proc/${keeper.pid}/status`, 'utf8');
  const residentBytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  assert.ok(residentBytes < 400_000_000, `${residentBytes} bytes are resident`);
});

test('what is kept for clients that are away is bounded, and they are told what was dropped', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const lost = await keeper.connect();
  await lost.run('import time');
  const id = lost.execute(`time.sleep(1)\n${publish(1600, 64 * 1024, 0.002)}`);
  await lost.until((one) => one.type === 'execute_input' && one.parent === id);
  lost.terminate();
  await keeper.untilState((state) => state.connections === 0);
  await keeper.untilState((state) => state.state === 'idle');
  const back = await keeper.connect({ session: lost.session });
  const { reply, outputs } = await back.finished(id);
  assert.equal(reply.content['status'], 'ok');
  const shown = outputs.filter((one) => one.type === 'display_data').length;
  assert.ok(shown > 800 && shown < 1100, String(shown));
  const notice = /: (\d+) messages \([^)]+\) from here on were not kept/.exec(back.printed(id));
  assert.equal(Number(notice?.[1]), 1600 - shown);
  assert.equal((await back.run('2')).reply.content['status'], 'ok');
});

test('a client that was lost while one huge display was on its way gets it when it is back', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const id = client.execute(publish(1, 70_000_000));
  await client.until((one) => one.type === 'execute_input' && one.parent === id);
  client.terminate();
  await keeper.untilState((state) => state.connections === 0);
  await keeper.untilState((state) => state.state === 'idle');
  const back = await keeper.connect({ session: client.session });
  const { reply, outputs } = await back.finished(id);
  assert.equal(reply.content['status'], 'ok');
  assert.equal(outputs.filter((one) => one.type === 'display_data').length, 1);
});

test('one display of 64 MiB reaches a client that reads, with what comes after it', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const { outputs } = await client.run(publish(1, 64 * 1024 * 1024));
  assert.equal((outputs[2]?.content['metadata'] as { fill: string }).fill.length, 64 * 1024 * 1024);
});

function publishedNumbers(client: KernelClient): number[] {
  return client.seen
    .filter((one) => one.type === 'display_data')
    .map((one) => Number((one.content['data'] as { 'text/plain': string })['text/plain']));
}
