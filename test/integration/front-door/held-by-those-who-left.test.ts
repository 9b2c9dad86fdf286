import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { frontDoorLimits } from '../../../src/daemon/configuration/front-door-limits';
import { openCertificate } from '../../../src/daemon/front-door/certificate';
import { FrontDoor } from '../../../src/daemon/front-door/front-door';
import { frontDoorPaths } from '../../../src/protocol/front-door';
import type { Supervisor } from '../../../src/protocol/supervisor';
import { protocolVersion } from '../../../src/protocol/version';
import { temporaryFolder } from '../../support/temporary-folder';
import { heldObjects } from '../many-users/held-objects';
import { ask, bearer, rawConnection, readToEnd } from './front-door-under-test';

const users = 200;

/** Believes every password, and gives each user a token of their name. */
function supervisorOf(socket: string): Supervisor {
  const door = { socket, doorKey: 'k'.repeat(43) };
  const valid = new Set<string>();
  return {
    signIn: ({ credentials }) => {
      const user = 'username' in credentials ? credentials.username : '';
      const token = user.padEnd(43, '-');
      valid.add(token);
      const expiresAt = new Date(Date.now() + 1_000_000).toISOString();
      return Promise.resolve({ kind: 'signedIn', token, user, expiresAt, door });
    },
    resume: ({ token }) =>
      Promise.resolve(
        valid.has(token) ? { kind: 'resumed', user: token.replace(/-+$/, ''), door } : { kind: 'refused' },
      ),
    signOut: ({ token }) => {
      const wasValid = valid.delete(token);
      return Promise.resolve(wasValid ? { kind: 'signedOut', tokens: 1 } : { kind: 'refused' });
    },
  };
}

test('the front door holds no timer, socket or signal of two hundred users who signed in, worked and left', async (t) => {
  const folder = await temporaryFolder(t);
  const agent = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.end('x'.repeat(100_000)));
  });
  agent.on('upgrade', (_request, socket) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
    );
    socket.on('error', () => socket.destroy());
    socket.once('end', () => socket.end());
    socket.resume();
  });
  const socket = join(folder, 'agent.sock');
  await once(agent.listen(socket), 'listening');
  t.after(() => agent.close());
  const frontDoor = new FrontDoor({
    certificate: await openCertificate(join(folder, 'state'), 'lab-7'),
    supervisor: supervisorOf(socket),
    wellKnown: {
      protocol: protocolVersion,
      daemonId: 'd'.repeat(32),
      startId: 's'.repeat(32),
      name: 'lab-7',
      signIn: ['password'],
      version: '0.1.0',
    },
    limits: frontDoorLimits,
    log: silentLogger,
  });
  t.after(() => frontDoor.dispose());
  const { port } = await frontDoor.listen([{ host: '127.0.0.1', isOptional: false }], 0);

  const comeAndGo = async (username: string) => {
    const body = JSON.stringify({ username, answers: ['any'] });
    const signedIn = await ask(port, { method: 'POST', path: frontDoorPaths.signIn }, body);
    assert.equal(signedIn.status, 200, signedIn.text);
    const { token } = JSON.parse(signedIn.text) as { token: string };
    const headers = bearer(token);
    for (const method of ['GET', 'POST'])
      assert.equal(
        (await ask(port, { method, path: '/some', headers }, method === 'POST' ? 'body' : undefined)).status,
        200,
      );
    const channel = await rawConnection(port);
    const lines = [
      'GET /channels HTTP/1.1',
      'Host: lab-7',
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Authorization: ${headers.authorization}`,
    ];
    channel.write(`${lines.join('\r\n')}\r\n\r\n`);
    await once(channel, 'data');
    // Half of them leave their channel open, which the sign-out then closes.
    const closed = readToEnd(channel);
    if (Number(username.slice(1)) % 2 === 0) channel.destroy();
    assert.equal((await ask(port, { method: 'POST', path: frontDoorPaths.signOut, headers })).status, 204);
    await closed;
  };
  const untilQuiet = () =>
    until(
      () => (frontDoor.countConnections().all === 0 ? true : undefined),
      withDeadline(30_000, 'the end of all connections'),
    );
  for (let user = 0; user < 20; user += 1) await comeAndGo(`u${user}`);
  await untilQuiet();
  const before = await heldObjects();
  for (let user = 0; user < users; user += 1) await comeAndGo(`u${user}`);
  await untilQuiet();
  const isAsBefore = async () => {
    const now = await heldObjects();
    // A few belong to what this test does itself; one for each user would be two hundred.
    const more = Object.entries(now).filter(
      ([kind, count]) => count > before[kind as keyof typeof before] + users / 20,
    );
    return more.length === 0 ? now : undefined;
  };
  const after = await until(isAsBefore, withDeadline(30_000, 'nothing held of those who left'), 500).catch(
    heldObjects,
  );
  for (const [kind, count] of Object.entries(after))
    assert.ok(
      count <= before[kind as keyof typeof before] + users / 20,
      `${kind}: ${JSON.stringify(before)}, and after ${users} users ${JSON.stringify(after)}`,
    );
});
