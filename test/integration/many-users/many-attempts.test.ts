import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths } from '../../../src/protocol/agent';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { rawConnection } from '../front-door/front-door-under-test';
import { startSystemDaemon } from './system-daemon';

const timeout = 300_000;

/** Addresses of loopback: each is another source for every limit. */
const sources = Array.from({ length: 40 }, (_, index) => `127.0.7.${index + 1}`);

test('a thousand attempts at once from forty sources end nobody’s connection', { timeout }, async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const daemon = await startSystemDaemon(system);
  const before = await daemon.status();
  const ada = await daemon.signedIn('ada', people.ada);
  const open = await rawConnection(daemon.port);
  const head = `GET ${agentPaths.hello} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada.token}\r\n\r\n`;
  let answers = 0;
  open.on('data', (chunk: Buffer) => {
    answers += chunk.toString('latin1').split('HTTP/1.1 200').length - 1;
  });
  open.write(head);
  await until(() => (answers === 1 ? true : undefined), withDeadline(30_000, 'the first answer'));

  const perSource = 25;
  let answered = 0;
  const strangers = await Promise.all(
    sources.map(async (localAddress) => {
      // Passed on to the TCP connection, which the types of `tls` do not say.
      const options: ConnectionOptions & { readonly localAddress: string } = { localAddress };
      const socket = await rawConnection(daemon.port, options);
      socket.on('data', (chunk: Buffer) => {
        answered += chunk.toString('latin1').split(/HTTP\/1\.1 (?:401|429)/).length - 1;
      });
      return socket;
    }),
  );
  for (const socket of strangers) {
    const requests = Array.from({ length: perSource }, (_, index) => {
      const body = JSON.stringify({ username: `student${index % 9}`, answers: ['guess'] });
      return `POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    });
    socket.write(requests.join(''));
  }
  const expected = sources.length * perSource;
  await until(() => (answered === expected ? true : undefined), withDeadline(120_000, `${expected} answers`));
  for (const socket of strangers) socket.destroy();

  open.write(head);
  await until(
    () => (answers === 2 ? true : undefined),
    withDeadline(30_000, 'an answer on the open connection'),
  );
  const after = await daemon.status();
  assert.deepEqual([after.pid, after.frontDoorPid], [before.pid, before.frontDoorPid]);
  assert.equal((await daemon.signIn('bob', people.bob)).status, 200);
  open.destroy();
});
