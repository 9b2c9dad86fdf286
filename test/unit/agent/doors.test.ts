import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { chmod, lstat, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { createLogger, silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { Doors } from '../../../src/daemon/agent/doors';
import { connectTo } from '../../../src/daemon/platform/sockets';
import type { DoorRequest } from '../../../src/protocol/agent';
import { WireError } from '../../../src/protocol/errors';
import { temporaryFolder } from '../../support/temporary-folder';

async function doorFolder(t: TestContext): Promise<DoorRequest> {
  const folder = join(await temporaryFolder(t), 'door');
  await mkdir(folder);
  await chmod(folder, 0o2710);
  return {
    folder,
    doorKey: 'k'.repeat(43),
    frontDoor: { daemonId: 'd'.repeat(32), pin: 'p', port: 7443 },
  };
}

function agentDoors(t: TestContext): Doors {
  const doors = new Doors(() => createServer(), silentLogger);
  t.after(() => doors.dispose());
  return doors;
}

const connect = (socket: string) => connectTo(socket, withDeadline(2_000, 'the door'));

test('an agent that closes its doors leaves the door that another agent opened in the same folder', async (t) => {
  const request = await doorFolder(t);
  const [first, second] = [agentDoors(t), agentDoors(t)];
  const socket = await first.open(request);
  assert.equal(await second.open(request), socket);
  const { ino } = await lstat(socket);
  first.dispose();
  // Another door of the first agent is gone once it has looked at all of them.
  const elsewhere = await doorFolder(t);
  const third = agentDoors(t);
  const own = await third.open(elsewhere);
  third.dispose();
  await until(
    async () => ((await readdir(elsewhere.folder)).length === 0 ? true : undefined),
    withDeadline(5_000, `the end of ${own}`),
  );
  assert.equal((await lstat(socket)).ino, ino);
  (await connect(socket)).destroy();
});

test('an agent whose door was taken over opens it again when it is asked to', async (t) => {
  const request = await doorFolder(t);
  const [first, second] = [agentDoors(t), agentDoors(t)];
  const socket = await first.open(request);
  const taken = await lstat(await second.open(request));
  await first.open(request);
  assert.notEqual((await lstat(socket)).ino, taken.ino);
  second.dispose();
  (await connect(socket)).destroy();
});

test('a door has the mode that lets the group of the folder in', async (t) => {
  const socket = await agentDoors(t).open(await doorFolder(t));
  assert.equal(((await lstat(socket)).mode & 0o777).toString(8), '660');
});

test('what the user may do with environments is the strictest that an open door says, until it says something else', async (t) => {
  const doors = agentDoors(t);
  assert.equal(doors.environmentRule, undefined);
  const [own, system] = [await doorFolder(t), await doorFolder(t)];
  await doors.open(own);
  assert.equal(doors.environmentRule, undefined);
  await doors.open({ ...system, environments: 'administer' });
  assert.equal(doors.environmentRule, 'administer');
  await doors.open({ ...system, environments: 'list' });
  await doors.open(own);
  assert.equal(doors.environmentRule, 'list');
  await doors.open({ ...system, environments: 'administer' });
  assert.equal(doors.environmentRule, 'administer');
});

test('what stands in the place of a door and is no socket is named with what to do, and stays', async (t) => {
  const blocks: readonly [kind: string, block: (path: string) => Promise<unknown>][] = [
    ['a link', (path) => symlink('/elsewhere', path)],
    ['a file', (path) => writeFile(path, 'mine')],
    ['a folder', (path) => mkdir(path)],
  ];
  for (const [kind, block] of blocks) {
    const request = await doorFolder(t);
    const place = join(request.folder, 'agent.sock');
    await block(place);
    const lines: string[] = [];
    const logger = createLogger((level, line) => lines.push(`${level} ${line}`));
    const doors = new Doors(() => createServer(), logger);
    t.after(() => doors.dispose());
    await assert.rejects(doors.open(request), (error: unknown) => {
      assert.ok(error instanceof WireError);
      assert.ok(error.message.includes(`${place} is ${kind}`), error.message);
      assert.ok(error.message.endsWith(`remove it with: rm -r ${place}`), error.message);
      return true;
    });
    assert.match(lines.join('\n'), /^error no door was opened: .*agent\.sock is a/m);
    assert.ok(!(await lstat(place)).isSocket());
    await rm(place, { recursive: true });
    assert.equal(await doors.open(request), place, 'and is opened once the place is free');
  }
});
