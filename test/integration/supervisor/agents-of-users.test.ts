import assert from 'node:assert/strict';
import { chmod, lstat, readdir, readFile, readlink } from 'node:fs/promises';
import test from 'node:test';
import { headers, agentPaths, parseHello } from '../../../src/protocol/agent';
import { expectParsed } from '../../../src/base/parse';
import { askSocket } from '../agent/support/agent-under-test';
import { agentsIn, statusOf, usersFolder } from './support/agents-in-system';

for (const way of ['setpriv', 'runuser'] as const) {
  test(`an agent runs by ${way} as its user: numbers, groups, mask, environment, folder, files and no privileges`, async (t) => {
    const made = await agentsIn(t);
    if (made === undefined) return;
    const { system, number, opened } = made;
    const [groupNumbers, frontDoorGroup] = [
      await system.expect('id', ['-G', 'ada']),
      await number('-g', 'remote-kernels'),
    ];
    if (way === 'runuser') {
      // A setpriv that knows nothing and does nothing, as far as its help says: an agent that runs all the same was started by runuser.
      await system.write('/opt/other-setpriv', '#!/bin/sh\nexit 0\n', '0755');
      await system.expect('mount', ['--bind', '/opt/other-setpriv', '/usr/bin/setpriv']);
    }
    const { agentPid, account } = await opened('ada');
    const status = await statusOf(agentPid);
    const four = (id: number) => Array.from({ length: 4 }, () => id).join(' ');
    assert.equal(status.get('Uid'), four(account.uid));
    assert.equal(status.get('Gid'), four(account.gid));
    const groups = groupNumbers.trim().split(' ').map(Number);
    assert.equal(groups.length, 3);
    assert.deepEqual((status.get('Groups') ?? '').split(' ').map(Number).sort(), groups.sort());
    assert.ok(!groups.includes(frontDoorGroup));
    assert.equal(status.get('Umask'), '0022');
    assert.equal(status.get('CapEff'), '0000000000000000');
    assert.equal(status.get('CapPrm'), '0000000000000000');
    assert.equal(status.get('CapInh'), '0000000000000000');
    const environment = (await readFile(`/proc/${agentPid}/environ`, 'utf8'))
      .split('\0')
      .filter((line) => line !== '' && !/^(?:PWD|OLDPWD|SHLVL|_)=/.test(line))
      .map((line) => line.replace(/^(REMOTE_KERNELS_OPEN_FILES=)\d+$/, '$1…'));
    assert.deepEqual(environment.sort(), [
      'HOME=/home/ada',
      'LANG=de_DE.UTF-8',
      'LOGNAME=ada',
      'PATH=/usr/local/bin:/usr/bin:/bin:/usr/games',
      'REMOTE_KERNELS_OPEN_FILES=…',
      'SHELL=/bin/bash',
      'USER=ada',
    ]);
    assert.equal(await readlink(`/proc/${agentPid}/cwd`), '/home/ada');
    const files = await Promise.all(
      (await readdir(`/proc/${agentPid}/fd`)).map((fd) =>
        // One that was closed since the listing is none of those.
        readlink(`/proc/${agentPid}/fd/${fd}`).catch(() => ''),
      ),
    );
    assert.ok(!files.some((file) => file.includes('shadow') || file.includes('sign-ins')), files.join());
  });
}

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
  const folderName = folder.replaceAll('/', '\\/');
  assert.match(
    refused.stderr,
    new RegExp(
      `the door cannot be opened: ${folderName}/agent\\.sock is a link, .*remove it with: rm -r ${folderName}/agent\\.sock`,
    ),
  );
  assert.doesNotMatch(refused.stderr, /something went wrong/);
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
