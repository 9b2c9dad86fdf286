import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  ConfigurationError,
  readSystemKernelLimit,
  readUserConfiguration,
  userConfigurationPath,
  withKernelLimit,
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
  [
    '{\n  "maxKernel": 3,\n  "logLevel": "loud"\n}',
    /user\.json:2:3: .* did you mean "maxKernels"\?\n.*user\.json:3:15: /,
  ],
  ['{"maxKernels":1,"maxKernels":2}', /user\.json:1:17: "maxKernels" is there twice/],
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

const limits: readonly [text: string, maxKernels: number | undefined, problem?: RegExp][] = [
  ['{}', undefined],
  ['{"maxKernelsPerUser":3}', 3],
  ['{"maxKernelsPerUser":3,"a key of a later version":true}', 3],
  ['{"maxKernelsPerUser":-3}', undefined, /maxKernelsPerUser/],
  ['{"maxKernelsPerUser":3', undefined, /daemon\.json.*not JSON/],
];

for (const [text, maxKernels, problem] of limits) {
  test(`the daemon's file ${text} limits kernels to ${maxKernels ?? 'nothing'} and never stops an agent`, async (t) => {
    const path = join(await temporaryFolder(t), 'daemon.json');
    await writeFile(path, text);
    const limit = await readSystemKernelLimit(path);
    assert.equal(limit.maxKernels, maxKernels);
    if (problem === undefined) assert.equal(limit.problem, undefined);
    else assert.match(limit.problem ?? '', problem);
  });
}

test("without the daemon's file there is no limit, and one that is a folder is told", async (t) => {
  const folder = await temporaryFolder(t);
  assert.deepEqual(await readSystemKernelLimit(join(folder, 'none')), {});
  assert.match((await readSystemKernelLimit(folder)).problem ?? '', /EISDIR/);
});

test('a limit lowers what is configured and never raises it', async (t) => {
  const configured = await read(t, '{"maxKernels":5}');
  const unlimited = await read(t, undefined);
  assert.equal(withKernelLimit(configured, 3).maxKernels, 3);
  assert.equal(withKernelLimit(configured, 9).maxKernels, 5);
  assert.equal(withKernelLimit(configured, undefined).maxKernels, 5);
  assert.equal(withKernelLimit(unlimited, 3).maxKernels, 3);
  assert.equal(withKernelLimit(unlimited, 0).maxKernels, 0);
  assert.equal(withKernelLimit(unlimited, undefined).maxKernels, undefined);
});
