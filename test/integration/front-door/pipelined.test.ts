import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { frontDoorUnderTest, rawConnection } from './front-door-under-test';

test('who sends requests ahead and hangs up leaves nothing open at the agent', async (t) => {
  const asked: string[] = [];
  const servers: Server[] = [];
  const door = await frontDoorUnderTest(t, {
    onAgentServer: (server) => void servers.push(server),
    agent: (request, response) => {
      asked.push(request.url ?? '');
      // The first answer never ends; those behind it are more than any buffer holds.
      if (request.url === '/first') response.write('begun');
      else response.end(Buffer.alloc(4 * 1024 * 1024));
    },
  });
  const { token } = await door.signIn();
  const client = await rawConnection(door.port);
  for (const path of ['/first', '/second', '/third'])
    client.write(`GET ${path} HTTP/1.1\r\nHost: lab-7\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await until(
    () => (asked.length === 3 ? true : undefined),
    withDeadline(30_000, 'the requests at the agent'),
  );
  const connections = () =>
    new Promise<number>((resolve, reject) => {
      const [server] = servers;
      server?.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  assert.ok((await connections()) > 0);
  client.destroy();
  await until(
    async () => ((await connections()) === 0 ? true : undefined),
    withDeadline(30_000, 'the end of the connections to the agent'),
  );
  assert.equal(door.frontDoor.countConnections().all, 0);
});
