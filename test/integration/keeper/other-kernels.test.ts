import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { keeperPaths } from '../../../src/protocol/keeper';
import { preparedEnvironment } from '../../support/python-environments';
import { adoptKernel, patienceMs, startKeeper } from './driven-keeper';

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

/** Python, ended by a signal at a broken pipe as programs of C++, Rust and Go are, and with its real output where its cells find it. */
const kernelOfSignals = `
import os, runpy, signal, sys
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
os.environ['OUTPUT'], os.environ['ERROR'] = str(os.dup(1)), str(os.dup(2))
sys.argv = ['ipykernel_launcher', '-f', sys.argv[1]]
runpy.run_module('ipykernel_launcher', run_name='__main__')`;

/** Such a kernel, whose keeper is then ended; what it does at once when nobody reads its output any more is in `whenAlone`. Resolves with the next keeper. */
async function adoptAfter(t: TestContext, signal: 'SIGKILL' | 'SIGTERM', whenAlone: string) {
  const { python } = await preparedEnvironment('ipykernel');
  const first = await startKeeper(t, {
    argv: [python, '-c', kernelOfSignals, '{connection_file}'],
    transport: 'tcp',
    launcher: 'kernelspec',
    language: 'other',
  });
  const { state } = await first.greeting('started');
  const client = await first.connect();
  const setUp = `
import os, threading, time
out, err = int(os.environ["OUTPUT"]), int(os.environ["ERROR"])
def print_alone():
  # A process that has ended and is still listed has no files any more.
  while os.path.exists("/proc/${first.pid}/fd/0"): time.sleep(0.01)
  ${whenAlone}
alone = threading.Thread(target=print_alone)
alone.start()`;
  assert.equal((await client.run(setUp)).reply.content['status'], 'ok');
  process.kill(first.pid, signal);
  await first.exited();
  const second = await adoptKernel(t, first);
  assert.equal((await second.greeting('started')).state.pid, state.pid);
  const back = await second.connect();
  assert.equal((await back.run('alone.join()')).reply.content['status'], 'ok');
  return {
    second,
    back,
    /** What the next keeper has read, once it ends with this. */
    outputUntil: (end: string) =>
      until(
        async () => {
          const text = await second.readOutput();
          return text.endsWith(end) ? text : undefined;
        },
        withDeadline(patienceMs, 'what the kernel printed'),
      ),
  };
}

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a kernel that a broken pipe would end prints on after the end of its keeper (${signal})`, async (t) => {
    const whenAlone = 'os.write(out, b"to nobody\\n"); os.write(err, b"a complaint\\n")';
    const { second, back, outputUntil } = await adoptAfter(t, signal, whenAlone);
    await back.run('os.write(out, b"to the next\\n")');
    assert.equal(await outputUntil('next\n'), 'to nobody\na complaint\nto the next\n');
    await second.post(keeperPaths.shutdown);
    assert.equal(await second.exited(), 0);
    assert.equal(existsSync(second.order.stateFolder), false);
  });
}

test('a kernel that prints more than the system holds while it has no keeper goes on with the next one', async (t) => {
  const lines = 40_000;
  const whenAlone = `for number in range(${lines}): os.write(out, b"line %d\\n" % number)`;
  const { outputUntil } = await adoptAfter(t, 'SIGKILL', whenAlone);
  const output = await outputUntil(`line ${lines - 1}\n`);
  // Nothing is missing but what a keeper does not keep, and it says how much that is.
  const written = Array.from({ length: lines }, (_, number) => `line ${number}\n`).join('');
  const [notice = '', ...kept] = output.split('\n');
  const missing = Number(/^\[(\d+) bytes before this/.exec(notice)?.[1]);
  assert.equal(kept.join('\n'), written.slice(missing));
});
