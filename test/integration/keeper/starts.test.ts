import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { processesWith } from '../../../src/development/processes';
import { preparedEnvironment } from '../../support/python-environments';
import { hasProgram, isRoot, requirePeer } from '../../support/peers';
import { startKeeper, type DrivenKeeper } from './driven-keeper';

/** The failure with which a keeper ends, once it has ended. */
async function failureOf(keeper: DrivenKeeper) {
  assert.notEqual(await keeper.exited(), 0);
  const last = keeper.greetings.at(-1);
  assert.ok(last?.event === 'failed', JSON.stringify(last));
  assert.equal(existsSync(keeper.order.stateFolder), false, 'its folder is gone');
  assert.equal(existsSync(keeper.socket), false, 'its socket is gone');
  return last;
}

test('a kernel that ends at once is told with its exit code and what it printed', async (t) => {
  const keeper = await startKeeper(t, {
    argv: ['/bin/sh', '-c', 'echo on output; echo on error >&2; exit 3'],
  });
  const failure = await failureOf(keeper);
  assert.equal(failure.code, 'kernel-start-failed');
  assert.equal(failure.exitCode, 3);
  assert.match(failure.output, /on output\n/);
  assert.match(failure.output, /on error\n/);
  assert.match(failure.message, /exit code 3/);
});

test('a kernel that is killed while it starts is told with the signal', async (t) => {
  const keeper = await startKeeper(t, { argv: ['/bin/sh', '-c', 'kill -9 $$'] });
  const failure = await failureOf(keeper);
  assert.equal(failure.signal, 'SIGKILL');
  assert.equal(failure.exitCode, undefined);
});

test('an environment without ipykernel is told in the words of its Python', async (t) => {
  const { python } = await preparedEnvironment('bare');
  const argv = [python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'];
  const failure = await failureOf(await startKeeper(t, { argv }));
  assert.equal(failure.exitCode, 1);
  assert.match(failure.output, /No module named ipykernel_launcher/);
});

test('a kernel that never answers is ended at its deadline with all that it has started', async (t) => {
  const keeper = await startKeeper(t, {
    argv: ['/bin/sh', '-c', 'trap "" TERM; echo thinking; sleep 600 & sleep 600'],
    startTimeoutMs: 700,
  });
  const failure = await failureOf(keeper);
  assert.equal(failure.code, 'kernel-start-timeout');
  assert.match(failure.output, /thinking/);
  assert.deepEqual(await processesWith((entry) => entry === `HOME=${keeper.home}`), []);
});

test('a program or a folder that is not there is named', async (t) => {
  const noProgram = await failureOf(await startKeeper(t, { argv: ['/no/such/python', '-m', 'x'] }));
  assert.match(noProgram.message, /the program \/no\/such\/python was not found/);
  const noFolder = await failureOf(await startKeeper(t, { workingDirectory: '/no/such/folder' }));
  assert.match(noFolder.message, /the folder \/no\/such\/folder cannot be entered/);
});

test('a kernel that prints 100 MB while it starts does start, and its keeper stays small', async (t) => {
  const { python } = await preparedEnvironment('ipykernel');
  const script =
    'head -c 100000000 /dev/zero | tr "\\0" x; echo; echo the end; exec "$1" -m ipykernel_launcher -f "$2"';
  const keeper = await startKeeper(t, { argv: ['/bin/sh', '-c', script, 'sh', python, '{connection_file}'] });
  await keeper.greeting('started');
  const output = await keeper.readOutput();
  assert.ok(output.length <= 64 * 1024);
  assert.match(output, /^\[\d+ bytes before this are not kept\]\n/);
  assert.match(output, /the end\n/);
  const status = await readFile(`/proc/${keeper.pid}/status`, 'utf8');
  const peakBytes = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  assert.ok(peakBytes < 150_000_000, `${peakBytes} bytes at its peak`);
  const client = await keeper.connect();
  assert.equal((await client.run('1')).reply.content['status'], 'ok');
});

test('a kernel that is started from a terminal of another Jupyter does not end with that', async (t) => {
  const plain = await startKeeper(t);
  await plain.greeting('started');
  const keeper = await startKeeper(t, { variables: { ...plain.environment, JPY_PARENT_PID: '1' } });
  await keeper.greeting('started');
  const client = await keeper.connect();
  const { outputs } = await client.run('import os; print(os.environ.get("JPY_PARENT_PID"))');
  assert.equal(outputs.find((one) => one.type === 'stream')?.content['text'], 'None\n');
});

test('nobody who reads its greetings is no reason for a keeper to end', async (t) => {
  const keeper = await startKeeper(t);
  keeper.process.stdout?.destroy();
  keeper.process.stderr?.destroy();
  const { until, withDeadline } = await import('../../../src/base/time');
  const started = await until(
    () =>
      keeper.readState().then(
        (state) => (state.state === 'idle' ? state : undefined),
        () => undefined,
      ),
    withDeadline(30_000, 'the kernel'),
  );
  assert.equal(started.keeperPid, keeper.pid);
  const client = await keeper.connect();
  assert.equal((await client.run('1')).reply.content['status'], 'ok');
});

test('an order that is none is refused', async (t) => {
  const keeper = await startKeeper(t, { transport: 'carrier pigeon' as 'ipc' });
  assert.equal(await keeper.exited(), 64);
});

for (const [code, preparation] of [
  [
    'storage-full',
    'mount -t tmpfs -o size=64k none "$0" && { head -c 1000000 /dev/zero > "$0/fill" || true; }',
  ],
  ['storage-read-only', 'mount -t tmpfs -o ro none "$0"'],
] as const) {
  test(`a state folder on a disk that is ${code} is said as that`, async (t) => {
    if (!requirePeer(t, 'root with unshare', isRoot() && hasProgram('unshare'))) return;
    const { temporaryFolder } = await import('../../support/temporary-folder');
    const folder = await temporaryFolder(t);
    const keeper = await startKeeper(t, { stateFolder: join(folder, 'kernel') }, [
      'unshare',
      '-m',
      'sh',
      '-c',
      `${preparation} 2>/dev/null; exec "$@"`,
      folder,
    ]);
    assert.notEqual(await keeper.exited(), 0);
    const last = keeper.greetings.at(-1);
    assert.ok(last?.event === 'failed', JSON.stringify(last));
    assert.equal(last.code, code);
    assert.ok(last.message.includes(folder));
  });
}
