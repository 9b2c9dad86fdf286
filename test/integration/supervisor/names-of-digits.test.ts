import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { frontDoorCommand } from '../../../src/daemon/command-line/many-users/front-door-child';
import { agentsIn, statusOf } from './support/agents-in-system';

test('accounts and groups whose names are the numbers of others lead no agent and no front door to be somebody else', async (t) => {
  const made = await agentsIn(t);
  if (made === undefined) return;
  const { system, number, opened } = made;
  const ids = async (name: string) => ({ uid: await number('-u', name), gid: await number('-g', name) });
  const [ada, eve, frontDoor] = [await ids('ada'), await ids('eve'), await ids('remote-kernels')];
  const accounts = [`${ada.uid}:x:${eve.uid}:${eve.gid}::/:/bin/sh`, `${frontDoor.uid}:x:0:0::/:/bin/sh`];
  const groups = [`${ada.gid}:x:${eve.gid}:`, `${frontDoor.gid}:x:0:`];
  const append = 'cat >>"$1"';
  await system.expect('sh', ['-c', append, 'sh', '/etc/passwd'], {}, `${accounts.join('\n')}\n`);
  await system.expect('sh', ['-c', append, 'sh', '/etc/group'], {}, `${groups.join('\n')}\n`);
  const misled = await system.expect('setpriv', [`--reuid=${ada.uid}`, '--clear-groups', 'id', '-u']);
  assert.equal(Number(misled), eve.uid, 'setpriv takes digits for a name');

  const { agentPid } = await opened('ada');
  const status = await statusOf(agentPid);
  const four = (id: number) => Array.from({ length: 4 }, () => id).join(' ');
  assert.deepEqual([status.get('Uid'), status.get('Gid')], [four(ada.uid), four(ada.gid)]);

  const [program, ...words] = frontDoorCommand(frontDoor, system.programFile);
  const command = words.map((word) => (word === process.execPath ? system.nodePath : word));
  const child = system.spawn(program, command, { stdio: ['pipe', 'ignore', 'inherit'] });
  const exited = once(child, 'exit', { signal: withDeadline(60_000, 'the end of the front door') });
  const { uid, gid } = frontDoor;
  const changed = async () => {
    const now = await statusOf(child.pid ?? 0);
    return now.get('Uid') === four(0) ? undefined : now;
  };
  const door = await until(changed, withDeadline(60_000, 'the other user'));
  assert.deepEqual([door.get('Uid'), door.get('Gid'), door.get('Groups')], [four(uid), four(gid), '']);
  child.stdin?.end();
  assert.deepEqual(await exited, [0, null]);
});
