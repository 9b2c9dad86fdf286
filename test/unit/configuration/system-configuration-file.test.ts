import assert from 'node:assert/strict';
import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  formatSystemConfigurationProblems,
  readSystemConfiguration,
} from '../../../src/daemon/configuration/system-configuration-file';
import { parseJsonFile } from '../../../src/daemon/configuration/json-file';
import { systemConfigurationSchema } from '../../../src/daemon/configuration/system-configuration';
import { isRoot, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';
import { refused, understood } from './system-configuration-examples';

const defaults = {
  port: 7443,
  listen: ['all'],
  announce: true,
  minimumUid: 1000,
  denyUsers: [],
  denyGroups: [],
  allowRoot: false,
  environments: 'administer',
  signInIdleDays: 7,
  signInDays: 30,
  logLevel: 'info',
};

for (const [text, value] of understood) {
  test(`${JSON.stringify(text)} is understood, the rest by default`, () => {
    const reading = parseJsonFile(text, systemConfigurationSchema);
    assert.ok(reading.ok, JSON.stringify(reading));
    assert.deepEqual({ ...reading.value }, { ...defaults, ...value });
  });
}

for (const [text, ...problems] of refused) {
  test(`${JSON.stringify(text)} is refused with every place and reason`, () => {
    const reading = parseJsonFile(text, systemConfigurationSchema);
    assert.ok(!reading.ok);
    assert.deepEqual(
      formatSystemConfigurationProblems(reading.problems, 'f').split('\n'),
      problems.map((problem) => `f:${problem}`),
    );
  });
}

test('a file that is absent means the defaults, and this is said', async (t) => {
  const path = join(await temporaryFolder(t), 'none', 'config.json');
  assert.deepEqual(await readSystemConfiguration(path), { ok: true, value: defaults, isDefault: true });
});

test('a file that cannot be found where a link leads is a fault, and not a configuration without limits', async (t) => {
  const folder = await temporaryFolder(t);
  const at = (name: string) => join(folder, name);
  await symlink(at('gone.json'), at('config.json'));
  await symlink(at('gone'), at('linked'));
  for (const [path, link] of [
    [at('config.json'), at('config.json')],
    [join(at('linked'), 'config.json'), at('linked')],
  ] as const) {
    const reading = await readSystemConfiguration(path);
    assert.ok(!reading.ok, path);
    assert.equal(reading.problems[0]?.message, `it cannot be read: ${link} is a link to nowhere`);
  }
  await mkdir(at('gone'));
  assert.equal((await readSystemConfiguration(join(at('linked'), 'config.json'))).ok, true);
});

test('a file counts only when root alone could have written it', async (t) => {
  if (!requirePeer(t, 'root, who owns the file of the administrator', isRoot())) return;
  const folder = await temporaryFolder(t);
  const path = join(folder, 'config.json');
  await writeFile(path, '{"port":0}');
  const cases: readonly [mode: number, uid: number, isRead: boolean][] = [
    [0o644, 0, true],
    [0o600, 0, true],
    [0o664, 0, false],
    [0o646, 0, false],
    [0o644, 65_534, false],
  ];
  for (const [mode, uid, isRead] of cases) {
    await chown(path, uid, uid);
    await chmod(path, mode);
    const reading = await readSystemConfiguration(path);
    assert.equal(reading.ok, isRead, `mode ${mode.toString(8)} of ${uid}`);
    if (!reading.ok)
      assert.match(
        formatSystemConfigurationProblems(reading.problems, path),
        /config\.json: it must belong to root and be writable by nobody else/,
      );
  }
  const link = join(folder, 'link.json');
  await symlink(path, link);
  assert.equal(
    (await readSystemConfiguration(link)).ok,
    false,
    'what counts is the file that the link leads to',
  );
});

test('what is no file is told and never waited for', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'config.json'));
  const reading = await readSystemConfiguration(join(folder, 'config.json'));
  assert.ok(!reading.ok);
  assert.match(reading.problems[0]?.message ?? '', /not a file/);
});
