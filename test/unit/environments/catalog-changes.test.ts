import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { until } from '../../../src/base/time';
import { type EnvironmentEvent } from '../../../src/protocol/environments';
import { createEnvironmentCatalog } from '../../../src/daemon/agent/environments/catalog';
import { silentLogger } from '../../../src/base/logger';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, condaTree, named, virtualTree, writeTree } from './tree';

describe('following the disk', () => {
  test('the first search tells each environment as it is found, and its end once', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, { ...condaTree('home/miniconda3/envs/a'), ...condaTree('opt/conda/envs/b') });
    const catalog = createEnvironmentCatalog({
      homeFolder: join(root, 'home'),
      variables: {},
      logger: silentLogger,
      watch: false,
      fileSystemRoot: root,
    });
    t.after(() => catalog.dispose());
    const events: EnvironmentEvent[] = [];
    catalog.onDidChange((event) => events.push(event));
    assert.equal(catalog.isComplete, false);
    await catalog.refresh(AbortSignal.timeout(20_000));
    await catalog.refresh(AbortSignal.timeout(20_000));
    assert.equal(catalog.isComplete, true);
    assert.deepEqual(events.map((event) => event.event).sort(), ['complete', 'environment', 'environment']);
    assert.deepEqual(events.at(-1), { event: 'complete', total: 2 });
  });

  test('what was removed, renamed, changed or made is told, and the id of the rest stays', async (t) => {
    const root = await temporaryFolder(t);
    const envs = join(root, 'home/miniconda3/envs');
    await writeTree(root, { ...condaTree('home/miniconda3/envs/a'), ...condaTree('home/miniconda3/envs/b') });
    const catalog = await catalogOf(t, root);
    const before = named(catalog, 'b');
    const removed = named(catalog, 'a').id;
    const events: EnvironmentEvent[] = [];
    catalog.onDidChange((event) => events.push(event));
    await rename(join(envs, 'a'), join(envs, 'c'));
    await writeTree(envs, { 'b/conda-meta/ipykernel-7.0.0-py_0.json': '{}' });
    await catalog.refresh(AbortSignal.timeout(20_000));
    assert.equal(named(catalog, 'b').id, before.id);
    assert.equal(named(catalog, 'b').ipykernel, '7.0.0');
    assert.equal(catalog.get(removed), undefined);
    assert.deepEqual(
      events.map((event) => (event.event === 'environment' ? event.environment.name : event.event)),
      ['b', 'c', 'removed'],
    );
  });

  test('a change is noticed without asking, also in a folder that was not there before', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, condaTree('home/miniconda3/envs/a'));
    const catalog = await catalogOf(t, root, { watch: true });
    const has = (name: string) => () => catalog.environments.find((environment) => environment.name === name);
    await writeTree(root, condaTree('home/miniconda3/envs/later'));
    await until(has('later'), AbortSignal.timeout(15_000));
    await writeTree(root, virtualTree('home/.virtualenvs/first', 'version = 3.11.2\n'));
    await until(has('first'), AbortSignal.timeout(15_000));
    await writeTree(root, { 'home/miniconda3/envs/a/conda-meta/ipykernel-7.0.0-py_0.json': '{}' });
    await until(() => has('a')()?.ipykernel, AbortSignal.timeout(15_000));
    await rename(join(root, 'home/miniconda3/envs/a'), join(root, 'gone'));
    await until(() => (has('a')() === undefined ? true : undefined), AbortSignal.timeout(15_000));
  });

  test('a disposed catalog searches no more', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, condaTree('home/miniconda3/envs/a'));
    const catalog = await catalogOf(t, root, { watch: true });
    catalog.dispose();
    await assert.rejects(catalog.refresh(AbortSignal.timeout(20_000)), { name: 'AbortError' });
  });
});
