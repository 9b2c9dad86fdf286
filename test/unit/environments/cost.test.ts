import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createEnvironmentCatalog } from '../../../src/daemon/agent/environments/catalog';
import { systemFiles, type Files } from '../../../src/daemon/agent/environments/files';
import { silentLogger } from '../../../src/base/logger';
import { delay } from '../../../src/base/time';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, condaTree, virtualTree, writeTree } from './tree';

/** How many of each question were asked, how many at once, and what is not answered. */
class CountedFiles {
  readonly counts = { look: 0, list: 0, read: 0 };
  atOnce = 0;
  mostAtOnce = 0;
  /** Paths below this get no answer. */
  hung: string | undefined;
  readonly hungQuestions: string[] = [];

  readonly files: Files = {
    stat: (path) => this.ask('look', path, () => systemFiles.stat(path)),
    lstat: (path) => this.ask('look', path, () => systemFiles.lstat(path)),
    realpath: (path) => this.ask('look', path, () => systemFiles.realpath(path)),
    readlink: (path) => this.ask('look', path, () => systemFiles.readlink(path)),
    canWrite: (path) => this.ask('look', path, () => systemFiles.canWrite(path)),
    canExecute: (path) => this.ask('look', path, () => systemFiles.canExecute(path)),
    list: (path) => this.ask('list', path, () => systemFiles.list(path)),
    read: (path, maxBytes) => this.ask('read', path, () => systemFiles.read(path, maxBytes)),
  };

  reset(): void {
    Object.assign(this.counts, { look: 0, list: 0, read: 0 });
    this.mostAtOnce = 0;
  }

  private async ask<T>(what: 'look' | 'list' | 'read', path: string, question: () => Promise<T>): Promise<T> {
    if (this.hung !== undefined && path.startsWith(this.hung)) {
      this.hungQuestions.push(path);
      return new Promise<T>(() => undefined);
    }
    this.counts[what] += 1;
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      return await question();
    } finally {
      this.atOnce -= 1;
    }
  }
}

/** Changes that are this young may go on unseen, so the catalog looks again at what it found. */
const settlingMs = 100;

test('300 environments: a search after the first reads nothing again, whatever tools list them twice', async (t) => {
  const root = await temporaryFolder(t);
  const prefixes: string[] = [];
  for (let index = 0; index < 150; index += 1) {
    await writeTree(root, condaTree(`home/miniconda3/envs/c${index}`, { packages: { ipykernel: '6.29.5' } }));
    await writeTree(
      root,
      virtualTree(`home/.virtualenvs/v${index}`, 'version = 3.11.2\n', ['ipykernel-6.29.5.dist-info']),
    );
    prefixes.push(join(root, `home/miniconda3/envs/c${index}`));
  }
  await writeTree(root, { 'home/.conda/environments.txt': prefixes.join('\n') });
  await delay(settlingMs);

  const counted = new CountedFiles();
  const catalog = await catalogOf(t, root, { files: counted.files });
  assert.equal(catalog.environments.length, 300);
  assert.ok(counted.counts.list <= 300 * 6, `${counted.counts.list} folders were listed`);
  assert.ok(counted.counts.read <= 300 * 2 + 100, `${counted.counts.read} files were read`);

  // The first search may have met folders that had only just been made; from the second on everything is settled.
  await catalog.refresh(AbortSignal.timeout(20_000));
  counted.reset();
  await catalog.refresh(AbortSignal.timeout(20_000));
  assert.equal(counted.counts.list, 0, 'nothing is listed again');
  assert.equal(counted.counts.read, 0, 'nothing is read again');
  assert.ok(counted.counts.look <= 300 * 15 + 2000, `${counted.counts.look} files were looked at`);
  assert.ok(counted.mostAtOnce <= 24 * 40, `${counted.mostAtOnce} questions were asked at once`);
});

test('one change among 300 environments costs one environment', async (t) => {
  const root = await temporaryFolder(t);
  for (let index = 0; index < 300; index += 1)
    await writeTree(root, condaTree(`home/miniconda3/envs/c${index}`));
  await delay(settlingMs);
  const counted = new CountedFiles();
  const catalog = await catalogOf(t, root, { files: counted.files });
  await catalog.refresh(AbortSignal.timeout(20_000));
  await writeTree(root, { 'home/miniconda3/envs/c7/conda-meta/ipykernel-7.0.0-py_0.json': '{}' });
  counted.reset();
  await catalog.refresh(AbortSignal.timeout(20_000));
  assert.equal(catalog.environments.filter((environment) => environment.ipykernel === '7.0.0').length, 1);
  assert.ok(counted.counts.list <= 10, `${counted.counts.list} folders were listed`);
  assert.ok(counted.counts.read <= 10, `${counted.counts.read} files were read`);
});

test('a disk that does not answer stops nothing, is not asked again and again, and what was known of it stays', async (t) => {
  const root = await temporaryFolder(t);
  await writeTree(root, { ...condaTree('home/miniconda3/envs/near'), ...condaTree('far/envs/away') });
  await delay(settlingMs);
  const counted = new CountedFiles();
  const catalog = createEnvironmentCatalog({
    homeFolder: join(root, 'home'),
    variables: { CONDA_ENVS_PATH: join(root, 'far/envs') },
    logger: silentLogger,
    watch: false,
    files: counted.files,
    fileSystemRoot: root,
    answerTimeoutMs: 200,
  });
  t.after(() => catalog.dispose());
  const names = () => catalog.environments.map((environment) => environment.name);
  await catalog.refresh(AbortSignal.timeout(20_000));
  assert.deepEqual(names(), ['away', 'near']);

  // A question that hangs in the system keeps the process alive; one of this test does not.
  const alive = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(alive));
  counted.hung = join(root, 'far');
  await writeTree(root, condaTree('home/miniconda3/envs/more'));
  await catalog.refresh(AbortSignal.timeout(20_000));
  assert.deepEqual(names(), ['away', 'more', 'near']);
  const asked = counted.hungQuestions.length;
  await catalog.refresh(AbortSignal.timeout(20_000));
  assert.deepEqual(names(), ['away', 'more', 'near']);
  assert.equal(counted.hungQuestions.length, asked, 'questions that hang are not asked a second time');
});
