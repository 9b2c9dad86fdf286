import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { frontDoorLimits } from '../../../src/daemon/configuration/front-door-limits';
import { openCertificate } from '../../../src/daemon/front-door/certificate';
import { FrontDoor } from '../../../src/daemon/front-door/front-door';
import { headers } from '../../../src/protocol/agent';
import type { Door, Supervisor } from '../../../src/protocol/supervisor';
import { protocolVersion } from '../../../src/protocol/version';
import { temporaryFolder } from '../../support/temporary-folder';
import { rawConnection } from './front-door-under-test';

const users = ['ada', 'bob'] as const;
type User = (typeof users)[number];

/** One request at an agent: whose agent that is, whose key came with it, and what was asked. */
interface Seen {
  readonly agentOf: User;
  readonly doorKey: string | undefined;
  readonly path: string;
}

const keyOf = (user: User) => `key-of-${user}`.padEnd(43, 'k');
const tokenOf = (user: User) => user.padEnd(43, 't');
const asking = (user: User, path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: lab-7\r\nAuthorization: Bearer ${tokenOf(user)}\r\n\r\n`;

/** A front door before the agents of two users; `findDoor` can give another door than theirs, or take its time. */
async function twoUsers(
  t: TestContext,
  findDoor: (user: User, door: Door) => Promise<Door>,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const folder = await temporaryFolder(t);
  const seen: Seen[] = [];
  let open = 0;
  for (const user of users) {
    const server = createServer((request, response) => {
      const doorKey = request.headers[headers.doorKey]?.toString();
      seen.push({ agentOf: user, doorKey, path: request.url ?? '' });
      answer(request, response);
    });
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket) => {
      open += 1;
      socket.once('close', () => (open -= 1));
    });
    await once(server.listen(join(folder, `${user}.sock`)), 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
  }
  const refuse = () => Promise.resolve({ kind: 'refused' } as const);
  const supervisor: Supervisor = {
    signIn: refuse,
    signOut: refuse,
    resume: async ({ token }) => {
      const user = users.find((one) => tokenOf(one) === token);
      if (user === undefined) return { kind: 'refused' };
      const door = await findDoor(user, { socket: join(folder, `${user}.sock`), doorKey: keyOf(user) });
      return { kind: 'resumed', user, door };
    },
  };
  const wellKnown = { daemonId: 'd'.repeat(32), startId: 's', name: 'lab-7', version: '1' };
  const frontDoor = new FrontDoor({
    certificate: await openCertificate(join(folder, 'state'), 'lab-7'),
    supervisor,
    limits: { ...frontDoorLimits, agentIdleTimeoutMs: 60_000 },
    log: silentLogger,
    wellKnown: { ...wellKnown, protocol: protocolVersion, signIn: ['code'] },
  });
  t.after(() => frontDoor.dispose());
  const { port } = await frontDoor.listen([{ host: '127.0.0.1', isOptional: false }], 0);
  const client = await rawConnection(port);
  t.after(() => client.destroy());
  client.resume();
  const untilSeen = (path: string) =>
    until(() => seen.find((one) => one.path === path), withDeadline(60_000, `${path} at an agent`));
  const untilOpen = (count: number) =>
    until(
      () => (open === count ? true : undefined),
      withDeadline(30_000, `${count} connections at the agents`),
    );
  return { seen, client, untilSeen, untilOpen };
}

/** Every path begins with the name of who asked for it. */
const astray = (seen: readonly Seen[]) =>
  seen.filter(({ agentOf, doorKey, path }) => doorKey !== keyOf(agentOf) || !path.startsWith(`/${agentOf}/`));

test('a request that waits for its agent does not go by the connection of another user that comes free meanwhile', async (t) => {
  let timesAsked = 0;
  let letBobIn: (() => void) | undefined;
  let answerSlow: (() => void) | undefined;
  const { seen, client, untilSeen, untilOpen } = await twoUsers(
    t,
    async (user, door) => {
      if (user === 'ada') return door;
      timesAsked += 1;
      // His agent has gone, so he is asked about again, and that takes its time.
      if (timesAsked === 1) return { ...door, socket: `${door.socket}.gone` };
      await new Promise<void>((resolve) => (letBobIn = resolve));
      return door;
    },
    (request, response) => {
      if (request.url === '/ada/slow') answerSlow = () => response.end('slow');
      else response.end('whole');
    },
  );
  client.write(asking('ada', '/ada/slow') + asking('bob', '/bob/secret'));
  await untilSeen('/ada/slow');
  await until(() => letBobIn, withDeadline(30_000, 'the question about bob'));
  const answered = once(client, 'data');
  answerSlow?.();
  await answered;
  letBobIn?.();
  await untilSeen('/bob/secret');
  assert.deepEqual(astray(seen), []);
  client.destroy();
  await untilOpen(0);
});

test('of hundreds of requests of two users sent ahead on one connection each goes to its own agent, and none leaves anything open', async (t) => {
  const { seen, client, untilSeen, untilOpen } = await twoUsers(
    t,
    (_, door) => Promise.resolve(door),
    (_, response) => response.end('whole'),
  );
  for (let at = 0; at < 200; at += 1) {
    const one = (user: User, name: string) => asking(user, `/${user}/${name}${at}`);
    client.write(one('ada', 'a') + one('bob', 'b') + one('ada', 'c') + one('bob', 'd'));
    // Some find a connection that waits, others come while all are in use.
    if (at % 10 === 0) await untilSeen(`/bob/d${at}`);
  }
  await until(() => (seen.length === 800 ? true : undefined), withDeadline(60_000, 'all requests'));
  assert.deepEqual(astray(seen), []);
  client.destroy();
  await untilOpen(0);
});
