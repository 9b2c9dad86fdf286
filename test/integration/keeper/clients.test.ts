import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { delay, until, withDeadline } from '../../../src/base/time';
import { keeperPaths } from '../../../src/protocol/keeper';
import { patienceMs, startKeeper } from './driven-keeper';
import { isIdle } from './kernel-client';

for (const protocol of ['v1', 'json'] as const) {
  test(`a request for input goes to the client that asked and to no other (${protocol})`, async (t) => {
    const keeper = await startKeeper(t);
    await keeper.greeting('started');
    const client = await keeper.connect({ protocol });
    const other = await keeper.connect({ protocol });
    const id = client.execute('name = input("who? "); print("hello", name)', { allow_stdin: true });
    const question = await client.until((one) => one.type === 'input_request');
    assert.equal(question.channel, 'stdin');
    assert.equal(question.content['prompt'], 'who? ');
    client.send('stdin', 'input_reply', { value: 'Ada' }, { parent: question.header });
    await client.finished(id);
    assert.equal(client.printed(id), 'hello Ada\n');
    await other.until((one) => isIdle(one) && one.parent === id);
    assert.deepEqual(
      other.seen.filter((one) => one.channel !== 'iopub'),
      [],
    );
  });

  test(`buffers arrive as they were sent, in both directions (${protocol})`, async (t) => {
    const keeper = await startKeeper(t);
    await keeper.greeting('started');
    const client = await keeper.connect({ protocol });
    await client.run(`
def echo(comm, message):
    comm.send({'sizes': [len(b) for b in message['buffers']]}, buffers=message['buffers'])
get_ipython().kernel.comm_manager.register_target('echo', echo)`);
    const buffers = [Buffer.alloc(0), randomBytes(1), randomBytes(70_000), randomBytes(5 * 1024 * 1024)];
    const content = { comm_id: randomUUID(), target_name: 'echo', data: {} };
    const id = client.send('shell', 'comm_open', content, { buffers });
    const answer = await client.until((one) => one.type === 'comm_msg' && one.parent === id);
    assert.deepEqual(answer.content['data'], { sizes: buffers.map((buffer) => buffer.length) });
    assert.equal(answer.buffers.length, buffers.length);
    answer.buffers.forEach((buffer, index) =>
      assert.ok(buffer.equals(buffers[index] ?? Buffer.from('none'))),
    );
  });
}

test('a buffer of 64 MiB goes to the kernel and comes back', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  await client.run(`
def echo(comm, message):
    comm.send({}, buffers=message['buffers'])
get_ipython().kernel.comm_manager.register_target('echo', echo)`);
  const buffer = randomBytes(64 * 1024 * 1024);
  const content = { comm_id: randomUUID(), target_name: 'echo', data: {} };
  const id = client.send('shell', 'comm_open', content, { buffers: [buffer] });
  const answer = await client.until((one) => one.type === 'comm_msg' && one.parent === id);
  assert.ok(answer.buffers[0]?.equals(buffer));
  assert.equal((await client.run('1')).reply.content['status'], 'ok');
});

test('everybody sees what is published, and replies go only to the one that asked', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const others = [await keeper.connect({ protocol: 'json' }), await keeper.connect({ isNamed: false })];
  assert.equal((await keeper.readState()).connections, 3);
  const { outputs } = await client.run('for i in range(100): print(i)');
  const id = outputs[0]?.parent ?? '';
  for (const other of others) {
    await other.until((one) => isIdle(one) && one.parent === id);
    assert.equal(other.printed(id), client.printed(id));
    assert.equal(
      other.seen.some((one) => one.channel === 'shell'),
      false,
    );
  }
});

test('a gateway that sends for several sessions on one unnamed connection gets all their replies', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const gateway = await keeper.connect({ isNamed: false });
  assert.equal((await gateway.run('1')).reply.content['status'], 'ok');
});

test('messages with a wrong signature are dropped and counted', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const { reply } = await client.run(`
import json
kernel = get_ipython().kernel
header = json.dumps({'msg_id': 'forged', 'msg_type': 'stream', 'session': 'x', 'username': 'x', 'version': '5.3', 'date': ''}).encode()
content = json.dumps({'name': 'stdout', 'text': 'forged'}).encode()
for signature in [b'0' * 64, b'', b'f' * 63, b'z' * 64]:
    kernel.iopub_thread.send_multipart([b'stream', b'<IDS|MSG>', signature, header, b'{}', b'{}', content])
kernel.iopub_thread.send_multipart([b'no message at all'])`);
  assert.equal(reply.content['status'], 'ok');
  const state = await keeper.untilState(({ badSignatures }) => badSignatures >= 4);
  assert.equal(state.badSignatures, 4);
  await client.run('1');
  assert.equal(
    client.seen.some((one) => one.header['msg_id'] === 'forged'),
    false,
  );
});

test('nonsense from a client is dropped and the connection stays', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  for (const nonsense of [Buffer.alloc(0), randomBytes(7), randomBytes(1000), Buffer.alloc(64)])
    client.webSocket.send(nonsense);
  client.webSocket.send('text');
  client.send('iopub', 'stream', { name: 'stdout', text: 'not a client’s channel' });
  assert.equal((await client.run('1')).reply.content['status'], 'ok');
  const old = await keeper.connect({ protocol: 'json' });
  for (const nonsense of ['', '{', '[]', '{"channel":"nowhere"}', '{"header":1}'])
    old.webSocket.send(nonsense);
  assert.equal((await old.run('1')).reply.content['status'], 'ok');
});

test('a client that was cut off gets what it missed, in order and once, when it is back', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const id = client.execute(
    'import time\nprint("begin", flush=True)\ntime.sleep(1)\nfor i in range(1000): display({"text/plain": str(i)}, raw=True)',
  );
  await client.until((one) => one.type === 'stream');
  client.terminate();
  await keeper.untilState((state) => state.connections === 0);
  await keeper.untilState((state) => state.state === 'idle');
  const stranger = await keeper.connect();
  await stranger.run('1');
  const back = await keeper.connect({ session: client.session });
  await back.finished(id);
  const texts = back.seen
    .filter((one) => one.parent === id && one.type === 'display_data')
    .map((one) => (one.content['data'] as { 'text/plain': string })['text/plain']);
  assert.deepEqual(
    texts,
    Array.from({ length: 1000 }, (_, index) => String(index)),
  );
  assert.equal(stranger.seen.filter((one) => one.parent === id).length, 0);
  assert.equal((await back.run('2')).reply.content['status'], 'ok');
});

for (const [name, receiver, isAgain] of [
  ['is sent again to one that remembers what it had read', 'one', true],
  ['is not sent to one that could not tell it from what it had read', 'another', false],
] as const)
  test(`what a client may not have read when it was cut off ${name}`, async (t) => {
    const keeper = await startKeeper(t);
    await keeper.greeting('started');
    const client = await keeper.connect({ receiver: 'one' });
    await client.run('1');
    // What is printed now stays in the buffers of the system, which go with the connection.
    client.webSocket.pause();
    const id = client.execute('for i in range(100): print(i, flush=True)\nopen("done", "w").close()');
    await until(
      () => (existsSync(join(keeper.order.workingDirectory, 'done')) ? true : undefined),
      withDeadline(patienceMs, 'the end of the cell'),
    );
    await keeper.untilState((state) => state.state === 'idle');
    client.terminate();
    await keeper.untilState((state) => state.connections === 0);
    const back = await keeper.connect({ session: client.session, receiver });
    await back.run('2');
    const printed = Array.from({ length: 100 }, (_, index) => `${index}\n`).join('');
    assert.equal(back.printed(id), isAgain ? printed : '');
  });

test('nothing is kept for a client that has said goodbye', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const id = client.execute('print("begin", flush=True); import time; time.sleep(0.7); print("end")');
  await client.until((one) => one.type === 'stream');
  client.webSocket.close(1000);
  await keeper.untilState((state) => state.connections === 0);
  await keeper.untilState((state) => state.state === 'idle');
  const back = await keeper.connect({ session: client.session });
  await back.run('1');
  // Its reply may come after its idle, by another socket, and then finds the session there again.
  assert.deepEqual(
    back.seen.filter((one) => one.parent === id && one.channel === 'iopub'),
    [],
  );
});

test('a connection of the same session replaces one that broke unnoticed', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const again = await keeper.connect({ session: client.session });
  assert.equal((await client.closed()).code, 1000);
  assert.equal((await again.run('1')).reply.content['status'], 'ok');
  assert.equal((await keeper.readState()).connections, 1);
});

test('a WebSocket of another kernel, and one of a wrong path, is refused', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const { KernelClient } = await import('./kernel-client');
  await assert.rejects(KernelClient.open(keeper.socket, randomUUID(), {}), /404/);
});

test('what is sent while a kernel restarts runs afterwards, in the order in which it was sent', async (t) => {
  const keeper = await startKeeper(t);
  const before = (await keeper.greeting('started')).state.pid;
  const client = await keeper.connect();
  const restart = keeper.post(keeperPaths.restart);
  await keeper.untilState((state) => state.state === 'restarting');
  client.execute('1');
  const ids: string[] = [];
  const restarted = new AbortController();
  const watching = keeper
    .untilState((state) => state.pid !== undefined && state.pid !== before)
    .then(() => restarted.abort());
  while (!restarted.signal.aborted) {
    ids.push(client.execute(`${ids.length + 2}`));
    await delay(20);
  }
  await watching;
  ids.push(client.execute(`${ids.length + 2}`));
  await restart;
  await client.finished(ids.at(-1) ?? '');
  const codes = client.seen.filter((one) => one.type === 'execute_input').map((one) => one.content['code']);
  assert.deepEqual(
    codes,
    Array.from({ length: ids.length + 1 }, (_, index) => String(index + 1)),
  );
});
