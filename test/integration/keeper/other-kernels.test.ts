import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { keeperPaths } from '../../../src/protocol/keeper';
import { preparedEnvironment } from '../../support/python-environments';
import { startKeeper } from './driven-keeper';

test('a kernel of another language runs over TCP, on ports below the ephemeral range', async (t) => {
  const { prefix } = await preparedEnvironment('bash-kernel');
  const specification = join(prefix, 'share', 'jupyter', 'kernels', 'bash', 'kernel.json');
  const { argv } = JSON.parse(await readFile(specification, 'utf8')) as { argv: string[] };
  const keeper = await startKeeper(t, {
    python: 'bash-kernel',
    argv,
    transport: 'tcp',
    launcher: 'kernelspec',
    language: 'bash',
  });
  await keeper.greeting('started');
  const client = await keeper.connect();
  const { reply, outputs } = await client.run('for i in 1 2 3; do echo line $i; done');
  assert.equal(reply.content['status'], 'ok');
  assert.equal(client.printed(outputs[0]?.parent ?? ''), 'line 1\nline 2\nline 3\n');
  const connectionFile = join(keeper.order.stateFolder, `kernel-${keeper.order.kernelId}.json`);
  const connection = JSON.parse(await readFile(connectionFile, 'utf8')) as Record<string, unknown>;
  const ephemeral = Number((await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')).split('\t')[0]);
  for (const name of ['shell_port', 'iopub_port', 'stdin_port', 'control_port', 'hb_port']) {
    assert.ok(Number(connection[name]) < ephemeral);
  }
  await keeper.post(keeperPaths.restart);
  assert.equal((await client.run('echo again')).reply.content['status'], 'ok');
  assert.deepEqual(
    JSON.parse(await readFile(connectionFile, 'utf8')),
    connection,
    'the same ports after a restart',
  );
  await keeper.post(keeperPaths.shutdown);
  assert.equal(await keeper.exited(), 0);
});

test('a kernel whose port was taken meanwhile is started once more with others', async (t) => {
  const { python } = await preparedEnvironment('ipykernel');
  // The first start finds its port taken, as ZMQ says it.
  const script = `
import json, os, sys
first = not os.path.exists('first.json')
if first:
    os.link(sys.argv[1], 'first.json')
    sys.exit("zmq.error.ZMQError: Address already in use")
os.execv(sys.executable, [sys.executable, '-m', 'ipykernel_launcher', '-f', sys.argv[1]])`;
  const keeper = await startKeeper(t, {
    argv: [python, '-c', script, '{connection_file}'],
    transport: 'tcp',
  });
  await keeper.greeting('started');
  const read = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as { shell_port: number };
  const before = await read(join(keeper.home, 'first.json'));
  const after = await read(join(keeper.order.stateFolder, `kernel-${keeper.order.kernelId}.json`));
  assert.notEqual(after.shell_port, before.shell_port);
  const client = await keeper.connect();
  assert.equal((await client.run('1')).reply.content['status'], 'ok');
});
