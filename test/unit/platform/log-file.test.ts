import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { LogFile } from '../../../src/daemon/platform/log-file';
import { temporaryFolder } from '../../support/temporary-folder';

test('a log file is for its user only, begins anew when it is large, and keeps two older ones', async (t) => {
  const folder = await temporaryFolder(t);
  const file = new LogFile({ path: join(folder, 'agent.log'), maxBytes: 500, maxOlder: 2, level: 'info' });
  t.after(() => file.dispose());
  const logger = file.createLogger();
  for (let line = 0; line < 60; line += 1) logger.info(`line ${line}`);
  logger.debug('too fine');
  assert.deepEqual((await readdir(folder)).sort(), ['agent.log', 'agent.log.1', 'agent.log.2']);
  for (const name of await readdir(folder)) {
    const { mode, size } = await stat(join(folder, name));
    assert.equal((mode & 0o777).toString(8), '600');
    assert.ok(size < 600);
  }
  const last = await readFile(join(folder, 'agent.log'), 'utf8');
  assert.match(last, /line 59\n$/);
  assert.doesNotMatch(last, /too fine/);
});

test('a log file that keeps one older one never takes more than both may', async (t) => {
  const folder = await temporaryFolder(t);
  const file = new LogFile({ path: join(folder, 'keeper.log'), maxBytes: 500, maxOlder: 1, level: 'info' });
  t.after(() => file.dispose());
  const logger = file.createLogger();
  for (let line = 0; line < 60; line += 1) logger.info(`line ${line}`);
  assert.deepEqual((await readdir(folder)).sort(), ['keeper.log', 'keeper.log.1']);
  for (const name of await readdir(folder)) assert.ok((await stat(join(folder, name))).size < 600);
});

test('lines that cannot be written are counted and said when there is room again', async (t) => {
  const folder = await temporaryFolder(t);
  const file = new LogFile({
    path: join(folder, 'later', 'agent.log'),
    maxBytes: 5000,
    maxOlder: 2,
    level: 'info',
  });
  t.after(() => file.dispose());
  const logger = file.createLogger();
  logger.info('lost');
  logger.info('lost too');
  await mkdir(join(folder, 'later'));
  logger.info('kept');
  const text = await readFile(join(folder, 'later', 'agent.log'), 'utf8');
  assert.match(text, /2 lines could not be written here\n.*kept\n$/);
});

test('a log file that was replaced by a link is not followed', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'target'), '');
  await symlink(join(folder, 'target'), join(folder, 'agent.log'));
  const file = new LogFile({ path: join(folder, 'agent.log'), maxBytes: 5000, maxOlder: 2, level: 'info' });
  t.after(() => file.dispose());
  file.createLogger().info('a line');
  assert.equal(await readFile(join(folder, 'target'), 'utf8'), '');
});
