import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { systemClock } from '../../../src/base/time';
import { KernelRegistry } from '../../../src/daemon/agent/kernels/registry';
import { Lifetime } from '../../../src/daemon/agent/lifetime';
import { SessionStore } from '../../../src/daemon/agent/sessions';
import { temporaryFolder } from '../../support/temporary-folder';

test('guests of kernels that are gone are forgotten when the agent starts', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'sessions.json');
  const guest = { id: 'g', path: 'p', name: 'n', type: 'console', kernelId: 'gone' };
  await writeFile(path, JSON.stringify({ g: guest }));
  const lifetime = new Lifetime(1000, systemClock);
  const kernels = new KernelRegistry({
    program: '/no/such',
    stateFolders: [],
    bootId: 'now',
    startTimeoutMs: 1000,
    lifetime,
    logger: silentLogger,
  });
  t.after(() => kernels.dispose());
  await new SessionStore(kernels, folder, silentLogger).load();
  assert.equal(await readFile(path, 'utf8'), '{}');
});
