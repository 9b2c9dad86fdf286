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

const defaults = {
  port: 7443,
  listen: ['all'],
  announce: true,
  minimumUid: 1000,
  denyUsers: [],
  denyGroups: [],
  allowRoot: false,
  signInIdleDays: 7,
  signInDays: 30,
  logLevel: 'info',
};

const understood: readonly [text: string, value: object][] = [
  ['{}', {}],
  ['{"$schema":"https://example.org/schema.json","port":0}', { port: 0 }],
  [
    '{"name":" lab 7 ","listen":["localhost","[fd00::2]"]}',
    { name: 'lab 7', listen: ['localhost', '[fd00::2]'] },
  ],
  [
    '{\r\n\t"allowGroups": ["staff"], "denyUsers": ["mallory"]\r\n}\r\n',
    { allowGroups: ['staff'], denyUsers: ['mallory'] },
  ],
  ['{"maxKernelsPerUser":5,"signInIdleDays":0.5}', { maxKernelsPerUser: 5, signInIdleDays: 0.5 }],
];

for (const [text, value] of understood) {
  test(`${JSON.stringify(text)} is understood, the rest by default`, () => {
    const reading = parseJsonFile(text, systemConfigurationSchema);
    assert.ok(reading.ok, JSON.stringify(reading));
    assert.deepEqual({ ...reading.value }, { ...defaults, ...value });
  });
}

const refused: readonly [text: string, ...problems: string[]][] = [
  ['', '1:1: not JSON: the file is empty; an empty configuration is {}'],
  ['[]', '1:1: the configuration is not an object'],
  ['7', '1:1: the configuration is not an object'],
  ['{\n  "prot": 7443\n}', '2:3: there is no key "prot"; did you mean "port"?'],
  ['{"AllowUsers": []}', '1:2: there is no key "AllowUsers"; did you mean "allowUsers"?'],
  ['{"somethingElseAltogether": 1}', '1:2: there is no key "somethingElseAltogether"'],
  ['{"__proto__": {"port": 1}}', '1:2: there is no key "__proto__"'],
  [
    '{"constructor": 1, "toString": 2}',
    '1:2: there is no key "constructor"',
    '1:20: there is no key "toString"',
  ],
  ['{"port": "7443"}', '1:10: "port": invalid type: expected number but received "7443"'],
  ['{"port": 1.5}', '1:10: "port": invalid integer: received 1.5'],
  ['{"port": 65536}', '1:10: "port": invalid value: expected <=65535 but received 65536'],
  [
    '{"listen": ["all",\n "lab-7"]}',
    '2:2: "listen[1]": give an IP address of this machine (192.168.1.7, ::1), "localhost", or "all" for every address',
  ],
  ['{"listen": []}', '1:12: "listen": invalid length: expected >=1 but received 0'],
  ['{"denyUsers": ["a b"]}', '1:16: "denyUsers[0]": not the name of an account'],
  ['{"name": "a\\nb"}', '1:10: "name": a name has no control characters'],
  ['{"name": "  "}', '1:10: "name": invalid length: expected >=1 but received 0'],
  ['{"announce": null}', '1:14: "announce": invalid type: expected boolean but received null'],
  [
    '{"logLevel": "loud"}',
    '1:14: "logLevel": invalid type: expected ("trace" | "debug" | "info" | "warn" | "error") but received "loud"',
  ],
  ['{"port": 1, "port": 2}', '1:13: "port" is there twice'],
  [
    '{"denyUsers": [{"a":1,"a":2}]}',
    '1:16: "denyUsers[0]": invalid type: expected string but received Object',
    '1:23: "a" is there twice',
  ],
  [
    '{"port": 1,}',
    '1:12: not JSON: a key in double quotes is missing here; there is no comma after the last entry',
  ],
  ['{"port": 1} {}', '1:13: not JSON: there is something after the end of the configuration'],
  ['{\n  // a comment\n  "port": 1\n}', '2:3: not JSON: comments are not possible here'],
  ['{"port": 1 "announce": true}', '1:12: not JSON: a comma is missing before this'],
  ['{"port": 1', '1:11: not JSON: a closing } is missing'],
  ['{"name": "lab\n}', '1:10: not JSON: the closing quote is missing'],
  [
    '{\n  "prot": 1,\n  "allowRoot": "yes",\n  "port": -1,\n  "port": 2,\n  "listen": ["nowhere"]\n}',
    '2:3: there is no key "prot"; did you mean "port"?',
    '3:16: "allowRoot": invalid type: expected boolean but received "yes"',
    '5:3: "port" is there twice',
    '6:14: "listen[0]": give an IP address of this machine (192.168.1.7, ::1), "localhost", or "all" for every address',
  ],
];

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
