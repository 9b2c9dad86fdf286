import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { exitCodes } from '../../../src/protocol/command-line';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { startSystemDaemon } from './system-daemon';

const folder = '/run/remote-kernels/users';
const page = resolve(import.meta.dirname, '..', '..', '..', 'docs', 'administrators.md');

test('on the small file system for sockets of the documentation a user who fills it keeps nobody out, also after a restart', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const options = /^ *Options=(.+)$/m.exec(await readFile(page, 'utf8'))?.[1];
  assert.ok(options !== undefined, 'the documentation has the options');
  await system.expect('mkdir', ['-p', folder]);
  await system.expect('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  const freeInRun = async () =>
    Number((await system.expect('stat', ['-f', '-c', '%f', '/run/remote-kernels'])).trim());
  const daemon = await startSystemDaemon(system);
  const ada = await daemon.signedIn('ada', people.ada);
  const before = await freeInRun();
  const uid = (await system.expect('id', ['-u', 'ada'])).trim();
  const fill = `head -c 100M /dev/zero >${folder}/${uid}/all; head -c 1 /dev/zero >${folder}/${uid}/more`;
  const filled = await system.run('sh', ['-c', fill], { user: 'ada' });
  assert.notEqual(filled.code, 0);
  assert.match(filled.stderr, /No space left/);
  assert.ok(before - (await freeInRun()) < 64, 'the rest of /run has as much room as before');
  const agentOf = async (token: string) => (await daemon.ask('GET', '/api/kernels', token)).status;
  assert.equal(await agentOf(ada.token), 200);
  assert.equal(await agentOf((await daemon.signedIn('bob', people.bob)).token), 200);
  assert.equal(await daemon.end(), exitCodes.ok);

  const next = await startSystemDaemon(system);
  assert.equal((await next.ask('GET', '/api/kernels', ada.token)).status, 200);
  assert.equal(
    (await next.ask('GET', '/api/kernels', (await next.signedIn('eve', people.eve)).token)).status,
    200,
  );
  assert.equal(await next.end(), exitCodes.ok);
});
