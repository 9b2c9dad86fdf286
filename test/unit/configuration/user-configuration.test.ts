import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  ConfigurationError,
  readUserConfiguration,
  userConfigurationPath,
} from '../../../src/daemon/configuration/user-configuration';
import { isRoot, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

async function read(t: TestContext, user: string | undefined, system?: string) {
  const folder = await temporaryFolder(t);
  const paths = { user: join(folder, 'user.json'), system: join(folder, 'system.json') };
  if (user !== undefined) await writeFile(paths.user, user);
  if (system !== undefined) await writeFile(paths.system, system);
  await chmod(paths.system, 0o644).catch(() => undefined);
  return readUserConfiguration(paths.user, paths.system);
}

test('without files the defaults hold', async (t) => {
  assert.deepEqual(await read(t, undefined), {
    agentGraceSeconds: 600,
    kernelStartSeconds: 60,
    clientVariables: [],
    logLevel: 'info',
  });
});

test("the user's file wins, but never raises the administrator's limit", async (t) => {
  if (!requirePeer(t, 'root, who owns the file of the administrator', isRoot())) return;
  const cases: readonly [user: object, system: object, maxKernels: number | undefined][] = [
    [{ maxKernels: 50 }, { maxKernels: 3 }, 3],
    [{ maxKernels: 2 }, { maxKernels: 3 }, 2],
    [{}, { maxKernels: 3 }, 3],
    [{ maxKernels: 50 }, {}, 50],
    [{}, {}, undefined],
  ];
  for (const [user, system, maxKernels] of cases) {
    const { maxKernels: found } = await read(t, JSON.stringify(user), JSON.stringify(system));
    assert.equal(found, maxKernels);
  }
  const merged = await read(t, '{"logLevel":"debug"}', '{"logLevel":"warn","agentGraceSeconds":5}');
  assert.deepEqual([merged.logLevel, merged.agentGraceSeconds], ['debug', 5]);
});

const refused: readonly [text: string, problem: RegExp][] = [
  ['', /not JSON/],
  ['[]', /configuration/],
  ['{"maxKernel":3}', /maxKernel/],
  ['{"maxKernels":-1}', /maxKernels/],
  ['{"maxKernels":"3"}', /maxKernels/],
  ['{"agentGraceSeconds":0}', /agentGraceSeconds/],
  ['{"clientVariables":["A=B"]}', /not the name of a variable/],
  ['{"logLevel":"loud"}', /logLevel/],
];

for (const [text, problem] of refused) {
  test(`${text === '' ? 'an empty file' : text} is refused with the file and the reason`, async (t) => {
    await assert.rejects(read(t, text), (error: unknown) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, /user\.json/);
      assert.match(error.message, problem);
      return true;
    });
  });
}

test("a file of the administrator's that others can write is refused", async (t) => {
  if (!requirePeer(t, 'root, who owns the file of the administrator', isRoot())) return;
  const folder = await temporaryFolder(t);
  const system = join(folder, 'system.json');
  await writeFile(system, '{}');
  await chmod(system, 0o666);
  await assert.rejects(readUserConfiguration(join(folder, 'none'), system), /writable by nobody else/);
});

test('the file is below XDG_CONFIG_HOME where that is absolute', () => {
  assert.equal(userConfigurationPath('/h', {}), '/h/.config/remote-kernels/agent.json');
  assert.equal(userConfigurationPath('/h', { XDG_CONFIG_HOME: '/c' }), '/c/remote-kernels/agent.json');
  assert.equal(userConfigurationPath('/h', { XDG_CONFIG_HOME: 'c' }), '/h/.config/remote-kernels/agent.json');
});
