import assert from 'node:assert/strict';
import { chmod, lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import test, { type TestContext } from 'node:test';
import { headers, agentPaths, parseHello } from '../../../src/protocol/agent';
import { expectParsed } from '../../../src/base/parse';
import { askSocket } from '../agent/support/agent-under-test';
import { PrivateSystem } from '../../support/private-system';

const repository = resolve(__dirname, '..', '..', '..');
const usersFolder = '/run/remote-kernels/users';

interface OpenedDoor {
  readonly socket: string;
  readonly doorKey: string;
  readonly agentPid: number;
}

/** A private system with `ada` in further groups, and a way to open the door to an account's agent as the supervisor does. */
async function agentsIn(t: TestContext) {
  const system = await PrivateSystem.start(t);
  if (system === undefined) return undefined;
  await system.expect('groupadd', ['lab']);
  await system.expect('usermod', ['--append', '--groups', 'lab,video', 'ada']);
  await system.write('/etc/default/locale', 'LANG=de_DE.UTF-8\n');
  await system.expect('install', ['-d', '-m', '0711', '/run/remote-kernels']);
  const number = async (what: string, name: string) =>
    Number((await system.expect('id', [what, name])).trim());
  const frontDoorGid = await number('-g', 'remote-kernels');
  const openDoor = async (name: string, numberOf = name) => {
    const account = {
      name,
      uid: await number('-u', numberOf),
      gid: await number('-g', numberOf),
      home: `/home/${name}`,
      shell: '/bin/bash',
      groups: [],
    };
    const order = JSON.stringify({ programFile: system.programFile, usersFolder, frontDoorGid, account });
    const result = await system.run(
      system.nodePath,
      ['--import', 'tsx', join(__dirname, 'support', 'open-door-of-user.ts'), order],
      { folder: repository, environment: { SECRET_OF_ROOT: 'yes', NODE_OPTIONS: '--no-warnings' } },
    );
    return { ...result, account };
  };
  const opened = async (name: string) => {
    const { code, stdout, stderr, account } = await openDoor(name);
    assert.equal(code, 0, stderr);
    return { ...(JSON.parse(stdout) as OpenedDoor), account };
  };
  return { system, frontDoorGid, number, openDoor, opened };
}

/** The lines of `/proc/<pid>/status`, by their names. */
async function statusOf(pid: number): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', ...values] = line.split(/[:\s]+/);
      return [name, values.join(' ').trim()] as const;
    }),
  );
}

test('an agent runs as its user: numbers, groups, mask, environment, folder, files and no privileges', async (t) => {
  const made = await agentsIn(t);
  if (made === undefined) return;
  const { system, number, opened } = made;
  const { agentPid, account } = await opened('ada');
  const status = await statusOf(agentPid);
  const four = (id: number) => Array.from({ length: 4 }, () => id).join(' ');
  assert.equal(status.get('Uid'), four(account.uid));
  assert.equal(status.get('Gid'), four(account.gid));
  const groups = (await system.expect('id', ['-G', 'ada'])).trim().split(' ').map(Number);
  assert.equal(groups.length, 3);
  assert.deepEqual((status.get('Groups') ?? '').split(' ').map(Number).sort(), groups.sort());
  assert.ok(!groups.includes(await number('-g', 'remote-kernels')));
  assert.equal(status.get('Umask'), '0022');
  assert.equal(status.get('CapEff'), '0000000000000000');
  assert.equal(status.get('CapPrm'), '0000000000000000');
  assert.equal(status.get('CapInh'), '0000000000000000');
  const environment = (await readFile(`/proc/${agentPid}/environ`, 'utf8'))
    .split('\0')
    .filter((line) => line !== '' && !/^(?:PWD|OLDPWD|SHLVL|_)=/.test(line));
  assert.deepEqual(environment.sort(), [
    'HOME=/home/ada',
    'LANG=de_DE.UTF-8',
    'LOGNAME=ada',
    'PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games',
    'SHELL=/bin/bash',
    'USER=ada',
  ]);
  assert.equal(await readlink(`/proc/${agentPid}/cwd`), '/home/ada');
  const files = await Promise.all(
    (await readdir(`/proc/${agentPid}/fd`)).map((fd) => readlink(`/proc/${agentPid}/fd/${fd}`)),
  );
  assert.ok(!files.some((file) => file.includes('shadow') || file.includes('sign-ins')), files.join());
});

test('the folder of a door is the user’s, of the front door’s group, 2710, below folders that only root can change', async (t) => {
  const made = await agentsIn(t);
  if (made === undefined) return;
  const { system, frontDoorGid, opened } = made;
  const { socket, doorKey, account } = await opened('ada');
  const folder = `${usersFolder}/${account.uid}`;
  assert.equal(socket, `${folder}/agent.sock`);
  const describe = async (path: string) => {
    const { uid, gid, mode } = await lstat(system.outside(path));
    return [uid, gid, (mode & 0o7777).toString(8)];
  };
  assert.deepEqual(await describe(usersFolder), [0, 0, '711']);
  assert.deepEqual(await describe(folder), [account.uid, frontDoorGid, '2710']);
  assert.deepEqual(await describe(socket), [account.uid, frontDoorGid, '660']);
  const answer = await askSocket(system.outside(socket), 'GET', agentPaths.hello, undefined, {
    [headers.doorKey]: doorKey,
  });
  const hello = expectParsed(parseHello(answer.json));
  assert.equal(hello.user, 'ada');
  // Another user reaches neither the folder's content nor the socket.
  for (const script of [`ls ${folder}`, `stat ${socket}`, `touch ${folder}/x`, `mv ${folder} ${folder}x`])
    assert.notEqual((await system.run('sh', ['-c', script], { user: 'eve' })).code, 0, script);
});

test('a user who opens their folder to all, or puts a link in the place of the door, is led back and refused', async (t) => {
  const made = await agentsIn(t);
  if (made === undefined) return;
  const { system, opened, openDoor } = made;
  const first = await opened('ada');
  const folder = `${usersFolder}/${first.account.uid}`;
  await chmod(system.outside(folder), 0o2777);
  const second = await opened('ada');
  assert.equal(second.agentPid, first.agentPid);
  assert.equal(((await lstat(system.outside(folder))).mode & 0o7777).toString(8), '2710');
  const bob = await opened('bob');
  await system.expect('sh', ['-c', `rm ${first.socket} && ln -s ${bob.socket} ${first.socket}`], {
    user: 'ada',
  });
  const refused = await openDoor('ada');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /the agent did not start/);
  assert.ok((await lstat(system.outside(bob.socket))).isSocket());
});

test('a folder of somebody else in the place of a user’s is refused, and a link there is replaced and not followed', async (t) => {
  const made = await agentsIn(t);
  if (made === undefined) return;
  const { system, number, openDoor, opened } = made;
  const [ada, bob, eve] = [await number('-u', 'ada'), await number('-u', 'bob'), await number('-u', 'eve')];
  await system.expect('install', ['-d', '-m', '0711', usersFolder]);
  await system.expect('install', ['-d', '-m', '0700', '-o', 'eve', `${usersFolder}/${ada}`]);
  const refused = await openDoor('ada');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, new RegExp(`belongs to user ${eve}`));
  await system.expect('ln', ['-s', '/home/eve', `${usersFolder}/${bob}`]);
  await opened('bob');
  assert.ok((await lstat(system.outside(`${usersFolder}/${bob}`))).isDirectory());
  assert.equal((await lstat(system.outside('/home/eve'))).uid, eve);
});
