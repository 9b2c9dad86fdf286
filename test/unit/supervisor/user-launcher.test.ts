import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { withDeadline } from '../../../src/base/time';
import { connectToOwned } from '../../../src/daemon/supervisor/owned-socket';
import { launcherFor, readSystemVariables } from '../../../src/daemon/supervisor/user-launcher';
import { temporaryFolder } from '../../support/temporary-folder';
import { account } from './support/many-users';

const ada = account('ada', { uid: 1001, gid: 1002, shell: '' });

test('setpriv takes the numbers and all groups of the account; the environment is clean', () => {
  const { command, environment } = launcherFor({ kind: 'setpriv', program: '/usr/bin/setpriv' }, ada, {
    LANG: 'C.UTF-8',
  });
  assert.deepEqual(command.slice(0, 5), [
    '/usr/bin/setpriv',
    '--reuid=+1001',
    '--regid=+1002',
    '--init-groups',
    '--inh-caps=-all',
  ]);
  assert.deepEqual(environment, {
    HOME: '/home/ada',
    USER: 'ada',
    LOGNAME: 'ada',
    SHELL: '/bin/sh',
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/games',
    LANG: 'C.UTF-8',
  });
});

test('no command is made for numbers that are none, with which setpriv would go on as root', () => {
  const setpriv = { kind: 'setpriv', program: '/usr/bin/setpriv' } as const;
  for (const number of [0xff_ff_ff_ff, 0x1_00_00_00_00, -1, 1.5, Number.NaN])
    for (const numbers of [{ uid: number }, { gid: number }])
      assert.throws(() => launcherFor(setpriv, { ...ada, ...numbers }, {}), /are no user and group/);
});

test('runuser gets the name as a value, and what it adds to the environment is removed again', () => {
  const { command } = launcherFor({ kind: 'runuser', program: '/usr/sbin/runuser' }, ada, {});
  assert.deepEqual(command.slice(0, 6), ['/usr/sbin/runuser', '-u', 'ada', '--', '/usr/bin/env', '-i']);
  assert.ok(command.includes('HOME=/home/ada'));
});

test('the mask is that of a login, and words of the command stay words', async () => {
  const { command } = launcherFor({ kind: 'runuser', program: 'x' }, ada, {});
  const [program = '', ...words] = command.slice(command.indexOf('/bin/sh'));
  const { stdout } = await promisify(execFile)(program, [
    ...words,
    'sh',
    '-c',
    'umask; echo "$1"',
    'sh',
    'a b; $(id)',
  ]);
  assert.equal(stdout, '0022\na b; $(id)\n');
});

test('the variables of every login are read as pam_env reads them, without what steers programs', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'environment');
  assert.deepEqual(await readSystemVariables(file, []), {});
  const lines = [
    'http_proxy="http://proxy.example:3128"',
    "  export NAME='two words'  # why",
    '#OFF=1',
    'EMPTY=',
    'no variable',
    'HALF="open',
    'LD_PRELOAD=/tmp/x.so',
    'NODE_OPTIONS=--inspect',
    'PATH=/snap/bin:/usr/bin',
  ];
  await writeFile(file, lines.join('\n'));
  const variables = await readSystemVariables(file, []);
  assert.deepEqual(variables, {
    http_proxy: 'http://proxy.example:3128',
    NAME: 'two words',
    HALF: '"open',
    PATH: '/snap/bin:/usr/bin',
  });
  const given = { ...variables, HOME: '/elsewhere', USER: 'root', SHELL: '/x', LOGNAME: 'root' };
  const { environment } = launcherFor({ kind: 'setpriv', program: 'x' }, ada, given);
  assert.deepEqual(environment, {
    ...variables,
    HOME: '/home/ada',
    USER: 'ada',
    LOGNAME: 'ada',
    SHELL: '/bin/sh',
  });
});

test('the locale is read from the first file that is there, without anything that is no locale', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'locale');
  const absent = join(folder, 'absent');
  await writeFile(
    file,
    '# x\nLANG="de_DE.UTF-8"\nexport LC_TIME=C\nLD_PRELOAD=/tmp/x.so\nLANGUAGE=$(id)\nPATH=/x\n',
  );
  assert.deepEqual(await readSystemVariables(absent, [absent, file]), {
    LANG: 'de_DE.UTF-8',
    LC_TIME: 'C',
  });
});

test('root connects to a user’s own socket, and to no link, no file and no socket of another', async (t) => {
  const folder = await temporaryFolder(t);
  const [socket, link, file] = [join(folder, 's'), join(folder, 'l'), join(folder, 'f')];
  const server = createServer((connection) => connection.end());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => server.close());
  await symlink(socket, link);
  await writeFile(file, '');
  const uid = process.getuid?.() ?? 0;
  const connect = (path: string, owner = uid) => connectToOwned(path, owner, withDeadline(60_000, path));
  (await connect(socket)).destroy();
  await assert.rejects(connect(link), /is a link and not the socket/);
  await assert.rejects(connect(file), /is a file and not the socket/);
  await assert.rejects(connect(socket, uid + 1), /belongs to another user/);
  await assert.rejects(connect(join(folder, 'absent')), /ENOENT/);
});
