import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import type { Change } from '../../../../src/daemon/command-line/installation/changes';
import { formatInitScript } from '../../../../src/daemon/command-line/installation/init-script';
import { doSteps, selectMissing } from '../../../../src/daemon/command-line/installation/install';
import { InstallationRecord } from '../../../../src/daemon/command-line/installation/installation-record';
import {
  fileStep,
  folderStep,
  linkStep,
} from '../../../../src/daemon/command-line/installation/installation-step';
import {
  findPamStyle,
  formatPamFile,
  type PamStyle,
} from '../../../../src/daemon/command-line/installation/pam-file';
import { installationPlaces } from '../../../../src/daemon/command-line/installation/places';
import { programSteps } from '../../../../src/daemon/command-line/installation/program-steps';
import { formatSystemdUnit } from '../../../../src/daemon/command-line/installation/systemd-unit';
import { hasEntry } from '../../../../src/daemon/command-line/installation/system-command';
import { removeAll, undoAll } from '../../../../src/daemon/command-line/installation/uninstall';
import { requirePeer } from '../../../support/peers';
import { temporaryFolder } from '../../../support/temporary-folder';

/** Files, folders and links with their content, below a folder. */
async function look(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const mode = ((await stat(path).catch(() => undefined))?.mode ?? 0).toString(8);
    if (entry.isSymbolicLink()) found.push(`${path} -> ${await readlink(path)}`);
    else found.push(`${path} ${mode} ${entry.isFile() ? await readFile(path, 'utf8') : ''}`);
  }
  return found.sort();
}

async function system(folder: string) {
  await mkdir(join(folder, 'etc'));
  await writeFile(join(folder, 'etc', 'changed'), 'of the administrator', { mode: 0o640 });
  await writeFile(join(folder, 'etc', 'kept'), 'of the administrator');
  await writeFile(join(folder, 'etc', 'elsewhere'), 'of the administrator');
  await symlink('elsewhere', join(folder, 'etc', 'link'));
  const state = join(folder, 'var', 'state');
  const steps = [
    folderStep(state, 0o700, true),
    fileStep(join(folder, 'etc', 'changed'), 'ours', 0o644, { isKept: false }),
    fileStep(join(folder, 'etc', 'kept'), 'ours', 0o644, { isKept: true }),
    fileStep(join(folder, 'opt', 'deep', 'file'), 'ours', 0o755, { isKept: false }),
    linkStep(join(folder, 'etc', 'link'), '../opt/deep/file'),
  ];
  return { state, steps };
}

test('steps are done once, and undoing them brings everything back as it was', async (t) => {
  const folder = await temporaryFolder(t);
  const { state, steps } = await system(folder);
  const before = await look(folder);
  const missing = await selectMissing(steps);
  assert.equal(missing.length, 4);
  await doSteps(missing, await InstallationRecord.open(state));
  assert.deepEqual(await selectMissing(steps), []);
  assert.equal(await readFile(join(folder, 'etc', 'kept'), 'utf8'), 'of the administrator');
  assert.equal(await readlink(join(folder, 'etc', 'link')), '../opt/deep/file');
  assert.equal((await stat(state)).mode & 0o777, 0o700);
  assert.equal((await stat(join(state, 'installation.json'))).mode & 0o777, 0o600);

  const { changes } = await InstallationRecord.open(state);
  assert.deepEqual(await undoAll(changes), []);
  assert.deepEqual(await look(folder), before);
  assert.deepEqual(await undoAll(changes), [], 'undoing twice is no fault');
});

test('a later installation does not take the files of the first one for those of the administrator', async (t) => {
  const folder = await temporaryFolder(t);
  const { state, steps } = await system(folder);
  const before = await look(folder);
  await doSteps(await selectMissing(steps), await InstallationRecord.open(state));
  const update = fileStep(join(folder, 'etc', 'changed'), 'ours, of the next version', 0o644, {
    isKept: false,
  });
  await doSteps(await selectMissing([update]), await InstallationRecord.open(state));
  assert.equal(await readFile(join(folder, 'etc', 'changed'), 'utf8'), 'ours, of the next version');
  assert.deepEqual(await undoAll((await InstallationRecord.open(state)).changes), []);
  assert.deepEqual(await look(folder), before);
});

test('an installation that was cut off is undone, too', async (t) => {
  const folder = await temporaryFolder(t);
  const { state, steps } = await system(folder);
  const before = await look(folder);
  const broken = {
    ...fileStep(join(folder, 'etc', 'new'), 'x', 0o644, { isKept: false }),
    do: () => Promise.reject(new Error('cut off')),
  };
  await assert.rejects(
    doSteps([...(await selectMissing(steps)), broken], await InstallationRecord.open(state)),
    /cut off/,
  );
  assert.deepEqual(await undoAll((await InstallationRecord.open(state)).changes), []);
  assert.deepEqual(await look(folder), before);
});

test('a link does not come back when what it led to is gone', async (t) => {
  const folder = await temporaryFolder(t);
  const { state, steps } = await system(folder);
  await doSteps(await selectMissing(steps), await InstallationRecord.open(state));
  await rm(join(folder, 'etc', 'elsewhere'));
  assert.deepEqual(await undoAll((await InstallationRecord.open(state)).changes), []);
  assert.deepEqual((await readdir(join(folder, 'etc'))).sort(), ['changed', 'kept']);
});

test('what the daemon left is removed, also from a folder that is older than the installation, and nothing of others', async (t) => {
  const places = installationPlaces(await temporaryFolder(t));
  const { state } = places.system;
  const ours = [
    ...['key.pem', 'certificate.pem', 'own.pem', 'daemon-id', 'sign-ins.json', 'sign-ins.json.damaged'],
    'installation.json',
  ];
  const logs = ['', '.1', '.2.gz', '-20261121', '-20261114.gz'].map((rest) => `${places.log}${rest}`);
  const others = [join(state, 'notes.txt'), `${places.log}.old-host`, join(dirname(places.log), 'syslog.1')];
  await mkdir(state, { recursive: true });
  await mkdir(dirname(places.log), { recursive: true });
  for (const path of [...ours.map((name) => join(state, name)), ...logs, ...others])
    await writeFile(path, '');
  await symlink('1|boot', join(state, 'daemon.lock'));
  const initScript: Change = { kind: 'file', path: places.initScript, before: { kind: 'nothing' } };
  assert.deepEqual(await removeAll(places, [initScript]), [
    { words: `${state} stays: others have put files there`, isFault: false },
  ]);
  assert.deepEqual(await readdir(state), ['notes.txt']);
  assert.deepEqual((await readdir(dirname(places.log))).sort(), ['remote-kernels.log.old-host', 'syslog.1']);
  await rm(join(state, 'notes.txt'));
  assert.deepEqual(await removeAll(places, []), []);
  await assert.rejects(stat(state), /ENOENT/);
});

test('a step that fails is named, with how far the installation came', async (t) => {
  const folder = await temporaryFolder(t);
  const full = {
    ...fileStep(join(folder, 'file'), 'x', 0o644, { isKept: false }),
    do: () => Promise.reject(new Error('no space left')),
  };
  const record = await InstallationRecord.open(join(folder, 'state'));
  await assert.rejects(
    doSteps([folderStep(join(folder, 'first'), 0o755, true), full], record),
    /step 2 of 2 failed \(write .*file\): no space left\. Only what is listed before it was done\..*install again/,
  );
});

test('no entry is not taken for an account that cannot be looked up', async () => {
  assert.equal(await hasEntry('passwd', 'root'), true);
  assert.equal(await hasEntry('passwd', 'no-such-account'), false);
  const unknown = 'no-such-database' as 'passwd';
  await assert.rejects(hasEntry(unknown, 'root'), /no-such-database/);
});

test('a folder in which others have put files stays, and this is said', async (t) => {
  const folder = await temporaryFolder(t);
  const { state, steps } = await system(folder);
  await doSteps(await selectMissing(steps), await InstallationRecord.open(state));
  await writeFile(join(folder, 'opt', 'of another program'), '');
  const left = await undoAll((await InstallationRecord.open(state)).changes);
  assert.deepEqual(left, [
    { words: `${join(folder, 'opt')} stays: others have put files there`, isFault: false },
  ]);
  assert.deepEqual(await readdir(join(folder, 'opt')), ['of another program']);
});

test('all users can enter the folders of the program, whatever mask root works with, and a rerun mends those that they cannot', async (t) => {
  const folder = await temporaryFolder(t);
  const places = installationPlaces(join(folder, 'system'));
  const from = join(folder, 'addon.node');
  await writeFile(from, 'machine code', { mode: 0o600 });
  const to = join(places.program, 'addons', 'koffi', 'addon.node');
  const programFile = join(places.program, 'daemon.js');
  const steps = programSteps(
    { node: '/usr/bin/node', programFile, copies: [{ from, to, mode: 0o644 }] },
    places,
  );
  const mask = process.umask(0o077);
  try {
    await doSteps(await selectMissing(steps), await InstallationRecord.open(places.system.state));
  } finally {
    process.umask(mask);
  }
  const folders = ['', 'addons', 'addons/koffi', 'bin'].map((name) => join(places.program, name));
  const modes = async () =>
    Promise.all(
      [...folders, dirname(places.program), dirname(places.launcher)].map(
        async (path) => (await stat(path)).mode & 0o777,
      ),
    );
  assert.deepEqual(await modes(), Array(6).fill(0o755));
  assert.equal((await stat(to)).mode & 0o777, 0o644);
  for (const path of folders) {
    await chmod(path, 0o700);
    const missing = await selectMissing(steps);
    assert.equal(missing.length, 1, path);
    await doSteps(missing, await InstallationRecord.open(places.system.state));
    assert.deepEqual(await modes(), Array(6).fill(0o755), path);
  }
  assert.deepEqual(await selectMissing(steps), []);
});

test('a damaged record is an error and not an empty one', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'installation.json'), '{"changes":[{"kind":"everything"}]}');
  await assert.rejects(InstallationRecord.open(folder), /installation\.json/);
});

test('what a later version has added to the record is left unread, undone with the rest, and kept when the record is written again', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'installation.json');
  const path = join(folder, 'made');
  await writeFile(path, 'ours');
  const later = {
    writtenBy: '97.0.0',
    changes: [{ kind: 'file', path, mode: 420, before: { kind: 'nothing', lookedAt: 'today' } }],
  };
  await writeFile(file, JSON.stringify(later));
  const record = await InstallationRecord.open(folder);
  const group: Change = { kind: 'group', name: 'no-such-group-of-ours' };
  await record.add([group, { kind: 'file', path, before: { kind: 'link', target: 'elsewhere' } }]);
  await record.setPackageFile('/somewhere/daemon.js');
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
    ...later,
    changes: [...later.changes, group],
    packageFile: '/somewhere/daemon.js',
  });
  const { changes } = await InstallationRecord.open(folder);
  assert.equal(changes.length, 2);
  assert.deepEqual(await undoAll(changes), []);
  await assert.rejects(stat(path), /ENOENT/);
});

const styles: readonly (readonly [PamStyle, Readonly<Record<string, string>>, RegExp])[] = [
  ['debian', { 'common-auth': '', login: '@include common-auth\n' }, /^@include common-auth$/m],
  ['suse', { 'common-auth': '', login: 'auth include common-auth\n' }, /^auth include common-auth$/m],
  ['red-hat', { 'password-auth': '', 'system-auth': '' }, /^auth substack password-auth$/m],
  ['arch', { 'system-auth': '' }, /^auth include system-auth$/m],
  ['plain', {}, /^auth required pam_unix\.so$/m],
];

for (const [style, files, line] of styles) {
  test(`the PAM file on a system of the kind "${style}" uses its common parts and opens no session`, async (t) => {
    const folder = await temporaryFolder(t);
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    assert.equal(await findPamStyle(folder), style);
    const file = formatPamFile(style);
    assert.match(file, line);
    for (const needed of [/^account required pam_nologin\.so$/m, /^account required pam_shells\.so$/m])
      assert.match(file, needed);
    assert.deepEqual(file.match(/^-?session.*$/gm), ['session required pam_deny.so']);
    for (const text of file.split('\n'))
      assert.match(text, /^(#.*|(auth|account|password|session) .*|@include .*|)$/);
  });
}

test('the init script is valid for a POSIX shell, and the unit leaves the kernels alone', async (t) => {
  const folder = await temporaryFolder(t);
  const places = {
    node: '/usr/bin/node',
    programFile: '/opt/x/daemon.js',
    log: '/l',
    state: '/s',
    run: '/r',
  };
  await writeFile(join(folder, 'script'), formatInitScript(places));
  await promisify(execFile)('sh', ['-n', join(folder, 'script')]);
  const unit = formatSystemdUnit(places.node, places.programFile);
  for (const line of [
    'KillMode=process',
    'After=systemd-user-sessions.service',
    'OOMPolicy=continue',
    'RestartPreventExitStatus=64 77 78',
    'ExecReload=/bin/kill -HUP $MAINPID',
    "ExecStart=/bin/sh -c 'REMOTE_KERNELS_OPEN_FILES=$$(ulimit -S -n) exec /usr/bin/node /opt/x/daemon.js serve'",
  ])
    assert.ok(unit.split('\n').includes(line), line);
  assert.doesNotMatch(
    unit,
    /^(NoNewPrivileges|MemoryDenyWriteExecute|SystemCall|Protect|Private|Restrict(?!=)\w+|Restart$)/m,
  );
});

test('systemd finds no fault with the unit', async (t) => {
  const program = '/usr/bin/systemd-analyze';
  const isThere = (await stat(program).catch(() => undefined)) !== undefined;
  if (!isThere) return void requirePeer(t, 'systemd-analyze', false);
  const folder = await temporaryFolder(t);
  const path = join(folder, 'remote-kernels.service');
  await writeFile(path, formatSystemdUnit('/bin/true', '/opt/x/daemon.js'));
  const { stderr } = await promisify(execFile)(program, ['verify', '--man=no', path]);
  assert.doesNotMatch(stderr, /remote-kernels\.service:\d+/);
});
