import assert from 'node:assert/strict';
import { cp, readFile, readlink } from 'node:fs/promises';
import test from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { agentPaths, headers } from '../../../src/protocol/agent';
import { parseKernelModel } from '../../../src/protocol/jupyter';
import { parseKernelDetails } from '../../../src/protocol/kernels';
import type { PrivateSystem } from '../../support/private-system';
import { preparedEnvironment } from '../../support/python-environments';
import { askSocket } from '../agent/support/agent-under-test';
import { agentsIn } from './support/agents-in-system';

/** Puts an environment where every user's agent finds it: a kernelspec of the system whose Python is below `/opt`. */
async function giveEverybodyAnEnvironment(system: PrivateSystem): Promise<void> {
  const { prefix } = await preparedEnvironment('ipykernel');
  await cp(prefix, system.outside('/opt/ipykernel'), { recursive: true, verbatimSymlinks: true });
  const words = ['/opt/ipykernel/bin/python', '-m', 'ipykernel_launcher', '-f', '{connection_file}'];
  const specification = { argv: words, display_name: 'Lab', language: 'python' };
  await system.write('/usr/local/share/jupyter/kernels/lab/kernel.json', JSON.stringify(specification));
}

const homes: readonly [what: string, spoil: readonly [string, ...string[]], reason: string][] = [
  ['may not be entered by its user', ['chmod', '0700', '/home/ada'], 'Permission denied'],
  ['is not there', ['rm', '-r', '/home/ada'], 'No such file or directory'],
  ['is a file', ['sh', '-c', 'rm -r /home/ada && touch /home/ada'], 'Not a directory'],
];

for (const [what, [program, ...words], reason] of homes) {
  test(`where the home ${what}, agent and kernels start in the root folder, as after a login by ssh, and the log says so`, async (t) => {
    const made = await agentsIn(t);
    if (made === undefined) return;
    const { system, number, opened } = made;
    await giveEverybodyAnEnvironment(system);
    await system.expect('chown', ['root:', '/home/ada']);
    await system.expect(program, words);
    const uid = await number('-u', 'ada');
    t.after(() => system.run('rm', ['-rf', `/tmp/remote-kernels-${uid}`]));
    const { agentPid, socket, doorKey } = await opened('ada');
    assert.equal(await readlink(`/proc/${agentPid}/cwd`), '/');
    const log = await system.expect('sh', ['-c', `cat /tmp/remote-kernels-${uid}/*/state/agent.log`]);
    assert.ok(log.includes(`Could not chdir to home directory /home/ada: ${reason}`), log);

    const ask = (method: string, path: string, body?: unknown) =>
      askSocket(system.outside(socket), method, path, body, { [headers.doorKey]: doorKey });
    const started = await ask('POST', '/api/kernels', { name: await kernelName(ask) });
    assert.equal(started.status, 201, started.text);
    const { id } = expectParsed(parseJson(started.text, parseKernelModel));
    const details = await ask('GET', `${agentPaths.kernels}/${id}`);
    const { pid } = expectParsed(parseJson(details.text, parseKernelDetails));
    assert.ok(pid !== undefined, details.text);
    assert.equal(await readlink(`/proc/${pid}/cwd`), '/');
    assert.match(await readFile(`/proc/${pid}/environ`, 'utf8'), /(?:^|\0)HOME=\/home\/ada\0/);
  });
}

async function kernelName(
  ask: (method: string, path: string) => Promise<{ readonly text: string }>,
): Promise<string> {
  const { text } = await ask('GET', '/api/kernelspecs');
  const { kernelspecs } = JSON.parse(text) as {
    kernelspecs: Record<string, { spec: { display_name: string } }>;
  };
  const found = Object.entries(kernelspecs).find(([, { spec }]) => spec.display_name.includes('Lab'));
  assert.ok(found !== undefined, text);
  return found[0];
}
