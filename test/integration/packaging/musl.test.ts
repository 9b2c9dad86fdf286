import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { parseAgentAddress } from '../../../src/protocol/command-line';
import { parseKernelModel } from '../../../src/protocol/jupyter';
import { placeMuslNode } from '../../support/musl-node';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { askSocket } from '../agent/support/agent-under-test';
import { giveEnvironment } from '../many-users/system-daemon';

test('with the musl of Alpine the addons load: a kernel runs, and what PAM is asked through says what is missing', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const node = await placeMuslNode(t, system);
  if (node === undefined) return;
  const report = 'process.report.getReport().header.glibcVersionRuntime ?? "musl"';
  assert.equal((await system.expect(node, ['-p', report])).trim(), 'musl');

  // The libpam of this machine is for glibc, so what is loaded is the addon, which then does not find one for musl.
  const trial = await system.run(node, [system.programFile, 'pam', '--trial']);
  assert.match(trial.stderr, /^this system has no PAM \(libpam\.so\.0\)/);

  await giveEnvironment(system, 'ada');
  const printed = await system.expect(node, [system.programFile, 'agent', '--json'], { user: 'ada' });
  const { socket } = expectParsed(parseJson(printed, parseAgentAddress));
  const ask = (method: string, path: string, body?: unknown) =>
    askSocket(system.outside(socket), method, path, body);
  const specs = await ask('GET', '/api/kernelspecs');
  const { default: name } = JSON.parse(specs.text) as { default: string };
  const started = await ask('POST', '/api/kernels', { name });
  assert.equal(started.status, 201, started.text);
  const { id } = expectParsed(parseJson(started.text, parseKernelModel));
  const isIdle = async () => {
    const { text } = await ask('GET', `/api/kernels/${id}`);
    return expectParsed(parseJson(text, parseKernelModel)).execution_state === 'idle' ? true : undefined;
  };
  await until(isIdle, withDeadline(60_000, 'the kernel'));
  const keepers = await system.expect('pgrep', ['-u', 'ada', '-f', `^${node} .* keeper`]);
  assert.match(keepers, /^\d+\n$/);
});
