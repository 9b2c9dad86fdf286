import assert from 'node:assert/strict';
import { chmod, chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { agentConfigurationSchema } from '../../../src/daemon/configuration/agent-configuration';
import { findWriterFault } from '../../../src/daemon/configuration/file-writers';
import { parseJsonFile } from '../../../src/daemon/configuration/json-file';
import { keysBesideSingleUser, keysOfDaemon } from '../../../src/daemon/configuration/keys-elsewhere';
import { singleUserConfigurationSchema } from '../../../src/daemon/configuration/single-user-configuration';
import {
  readSingleUserConfiguration,
  singleUserConfigurationPath,
} from '../../../src/daemon/configuration/single-user-configuration-file';
import { isRoot, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';
import { refusedAgents, understoodAgents } from './agent-configuration-examples';
import { refusedSingleUsers, understoodSingleUsers } from './single-user-configuration-examples';

const defaults = {
  port: 7443,
  listen: ['localhost'],
  announce: true,
  signInIdleDays: 7,
  signInDays: 30,
  logLevel: 'info',
};
const agentDefaults = {
  agentGraceSeconds: 600,
  kernelStartSeconds: 60,
  clientVariables: [],
  logLevel: 'info',
};

const ofSingleUser = (text: string) =>
  parseJsonFile(text, singleUserConfigurationSchema, keysBesideSingleUser);
const ofAgent = (text: string) => parseJsonFile(text, agentConfigurationSchema, keysOfDaemon);

const right = [
  ...understoodSingleUsers.map((row) => ['a user for the daemon', ofSingleUser, defaults, row] as const),
  ...understoodAgents.map((row) => ['agents', ofAgent, agentDefaults, row] as const),
];

for (const [whose, read, usual, [text, value]] of right) {
  test(`in a file of ${whose} ${JSON.stringify(text)} is understood`, () => {
    const reading = read(text);
    assert.ok(reading.ok, JSON.stringify(reading));
    assert.deepEqual(reading.value, { ...usual, ...value });
  });
}

const wrong = [
  ...refusedSingleUsers.map((row) => ['a user for the daemon', ofSingleUser, row] as const),
  ...refusedAgents.map((row) => ['agents', ofAgent, row] as const),
];

for (const [whose, read, [text, ...problems]] of wrong) {
  test(`in a file of ${whose} ${JSON.stringify(text)} is refused with all that is wrong`, () => {
    const reading = read(text);
    assert.ok(!reading.ok);
    assert.deepEqual(
      reading.problems.map(({ line = 0, column = 0, message }) => `${line}:${column}: ${message}`),
      problems,
    );
  });
}

test('every key of another file is refused with the file where it belongs, and none of the own ones', () => {
  assert.deepEqual(Object.keys(keysBesideSingleUser).sort(), [
    'agentGraceSeconds',
    'allowGroups',
    'allowRoot',
    'allowUsers',
    'clientVariables',
    'denyGroups',
    'denyUsers',
    'environments',
    'kernelStartSeconds',
    'maxKernels',
    'maxKernelsPerUser',
    'minimumUid',
  ]);
  for (const key of Object.keys(agentConfigurationSchema.entries))
    assert.ok(!Object.hasOwn(keysOfDaemon, key));
  assert.ok(Object.hasOwn(keysOfDaemon, 'listen') && Object.hasOwn(keysOfDaemon, 'denyUsers'));
});

test('the file is beside agent.json, and without it every key has its default', async (t) => {
  assert.equal(singleUserConfigurationPath('/h', {}), '/h/.config/remote-kernels/config.json');
  assert.equal(singleUserConfigurationPath('/h', { XDG_CONFIG_HOME: '/c' }), '/c/remote-kernels/config.json');
  const reading = await readSingleUserConfiguration(join(await temporaryFolder(t), 'config.json'));
  assert.deepEqual(reading, { ok: true, value: defaults, isDefault: true });
});

test('a file that others can change is refused with the command that mends it', async (t) => {
  const path = join(await temporaryFolder(t), 'config.json');
  await writeFile(path, '{"listen": ["all"]}');
  for (const mode of [0o664, 0o646]) {
    await chmod(path, mode);
    assert.deepEqual(await readSingleUserConfiguration(path), {
      ok: false,
      problems: [{ message: `others can change it; run: chmod go-w ${path}` }],
    });
  }
  for (const mode of [0o644, 0o600]) {
    await chmod(path, mode);
    assert.ok((await readSingleUserConfiguration(path)).ok);
  }
});

test('a file of another user is refused, and one of root is not', async (t) => {
  const own = process.getuid?.() ?? 0;
  assert.equal(findWriterFault('/f', { uid: 0, mode: 0o100644 }, 'user'), undefined);
  assert.equal(
    findWriterFault('/f', { uid: own + 1, mode: 0o100600 }, 'user'),
    `it belongs to another user; run: sudo chown ${own} /f`,
  );
  if (!requirePeer(t, 'root, who can give a file away', isRoot())) return;
  const path = join(await temporaryFolder(t), 'config.json');
  await writeFile(path, '{}');
  await chown(path, 12_345, 12_345);
  const reading = await readSingleUserConfiguration(path);
  assert.ok(!reading.ok);
  assert.match(reading.problems[0]?.message ?? '', /belongs to another user/);
});
