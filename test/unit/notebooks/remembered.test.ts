import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSessionOf } from '../../../src/protocol/identity';
import {
  RememberedEnvironments,
  rememberEnvironment,
  type RememberedEnvironment,
} from '../../../src/extension/notebooks/remembered-environments';
import {
  isSameChoice,
  noRuns,
  RememberedNotebooks,
  withRuns,
  type RememberedNotebook,
} from '../../../src/extension/notebooks/remembered-notebooks';
import { hasSameCells } from '../../../src/extension/notebooks/saved-as';
import { choosePath, isOwnPath } from '../../../src/extension/notebooks/session-paths';

/** A memento in memory, of which every value went through JSON as the editor's does. */
function createMemento(values: Record<string, unknown> = {}) {
  const stored = new Map(Object.entries(values));
  return {
    keys: () => [...stored.keys()],
    get: (key: string, otherwise?: unknown) => stored.get(key) ?? otherwise,
    update: (key: string, value: unknown) => {
      stored.set(key, JSON.parse(JSON.stringify(value)));
      return Promise.resolve();
    },
  } as never;
}

const notebook = (more: Partial<RememberedNotebook> = {}): RememberedNotebook => ({
  hostId: 'h',
  environmentId: 'e',
  environmentName: 'analysis',
  usedAt: 1,
  ...more,
});

describe('remembered notebooks', () => {
  test('are found after a reload, with what ran in this window', async () => {
    const shared = createMemento();
    const own = createMemento();
    const before = new RememberedNotebooks(shared, own);
    await before.set('file:///a.ipynb', notebook({ kernelId: 'k' }));
    const runs = withRuns(noRuns('s', 'k'), [{ cellId: 'c', messageId: 'm', startedAt: 5 }]);
    await before.setRuns('file:///a.ipynb', runs);
    const after = new RememberedNotebooks(shared, own);
    assert.deepEqual(after.get('file:///a.ipynb'), notebook({ kernelId: 'k' }));
    assert.deepEqual(after.runsOf('file:///a.ipynb'), runs);
    assert.equal(new RememberedNotebooks(shared, createMemento()).runsOf('file:///a.ipynb'), undefined);
  });

  test('are followed to another name', async () => {
    const notebooks = new RememberedNotebooks(createMemento(), createMemento());
    await notebooks.set('file:///a.ipynb', notebook({ sessionPath: 'p' }));
    await notebooks.setRuns('file:///a.ipynb', noRuns('s', 'k'));
    await notebooks.rename('file:///a.ipynb', 'file:///b.ipynb');
    assert.deepEqual(notebooks.uris(), ['file:///b.ipynb']);
    assert.equal(notebooks.get('file:///b.ipynb')?.sessionPath, 'p');
    assert.ok(notebooks.isSessionTaken('p', 'file:///a.ipynb'));
    assert.ok(!notebooks.isSessionTaken('p', 'file:///b.ipynb'));
  });

  test('are remembered under both names while a rename may still fail', async () => {
    const notebooks = new RememberedNotebooks(createMemento(), createMemento());
    await notebooks.set('file:///a.ipynb', notebook({ kernelId: 'k' }));
    await notebooks.setRuns('file:///a.ipynb', noRuns('s', 'k'));
    await notebooks.copy('file:///a.ipynb', 'file:///b.ipynb');
    for (const uri of ['file:///a.ipynb', 'file:///b.ipynb'])
      assert.deepEqual([notebooks.get(uri)?.kernelId, notebooks.runsOf(uri)?.sessionId], ['k', 's']);
    await notebooks.forget('file:///a.ipynb');
    assert.deepEqual(notebooks.uris(), ['file:///b.ipynb']);
  });

  test('are read once for each change, also of another window', async () => {
    let stored: unknown = { a: notebook() };
    let reads = 0;
    const memento = {
      get: () => stored,
      update: (_key: string, value: unknown) => {
        stored = value;
        return Promise.resolve();
      },
    } as never;
    const notebooks = new RememberedNotebooks(memento, createMemento());
    const counted = {
      get a() {
        reads += 1;
        return notebook();
      },
    };
    stored = counted;
    assert.ok(notebooks.get('a') !== undefined);
    const readsOnce = reads;
    assert.ok(readsOnce > 0);
    for (let index = 0; index < 10; index += 1) notebooks.get('a');
    assert.equal(reads, readsOnce);
    stored = { b: notebook() };
    assert.deepEqual([notebooks.get('a'), notebooks.get('b') !== undefined], [undefined, true]);
    await notebooks.set('c', notebook());
    assert.deepEqual(notebooks.uris(), ['b', 'c']);
  });

  test('are the same choice unless another environment or kernel was chosen', () => {
    const before = notebook({ kernelId: 'k' });
    for (const [more, expected] of [
      [{ remoteFolder: '/data', sessionPath: 'p', usedAt: 9 }, true],
      [{ environmentId: 'other' }, false],
      [{ hostId: 'other' }, false],
      [{ kernelId: 'other' }, false],
    ] as const)
      assert.equal(isSameChoice({ ...before, ...more }, before), expected, JSON.stringify(more));
  });

  test('are forgotten when they have not been used for the longest time', async () => {
    const notebooks = new RememberedNotebooks(createMemento(), createMemento());
    for (let index = 0; index < 501; index += 1)
      await notebooks.set(`n${index}`, notebook({ usedAt: index }));
    assert.deepEqual([notebooks.get('n0'), notebooks.uris().length], [undefined, 500]);
  });

  for (const junk of [5, 'x', [], { a: 1 }, { a: { hostId: 1 } }]) {
    test(`count as none when they cannot be read: ${JSON.stringify(junk)}`, () => {
      const notebooks = new RememberedNotebooks(
        createMemento({ 'remoteKernels.notebooks': junk }),
        createMemento({ 'remoteKernels.runs': junk }),
      );
      assert.deepEqual([notebooks.get('a'), notebooks.runsOf('a')], [undefined, undefined]);
    });
  }
});

describe('remembered environments', () => {
  const environment = (id: string, more: Partial<RememberedEnvironment> = {}): RememberedEnvironment => ({
    hostId: 'h',
    hostName: 'lab-7',
    environmentId: id,
    name: id,
    kind: 'venv',
    prefix: `/${id}`,
    language: 'python',
    isPinned: false,
    lastUsedAt: 0,
    ...more,
  });

  test('are few: the pinned ones and the dozen used last', async () => {
    const environments = new RememberedEnvironments(createMemento());
    await environments.set(environment('pinned', { isPinned: true }));
    for (let index = 0; index < 300; index += 1)
      await environments.set(environment(`e${index}`, { lastUsedAt: index }));
    const names = environments.all().map(({ name }) => name);
    assert.equal(names.length, 13);
    assert.ok(names.includes('pinned') && names.includes('e299') && !names.includes('e100'));
  });

  test('stay while a notebook that is open uses them, however long ago it was chosen', async () => {
    const environments = new RememberedEnvironments(
      createMemento(),
      ({ environmentId }) => environmentId === 'e0',
    );
    for (let index = 0; index < 20; index += 1)
      await environments.set(environment(`e${index}`, { lastUsedAt: index }));
    const has = (environmentId: string) => environments.get({ hostId: 'h', environmentId }) !== undefined;
    assert.deepEqual([has('e0'), has('e1'), has('e19')], [true, false, true]);
  });

  test('keep what a person decided when the host tells of them anew', () => {
    const before = environment('0123456789abcdef', { isPinned: true, lastUsedAt: 7, trustedOwner: 'bob' });
    const after = rememberEnvironment(
      { id: 'h', name: 'renamed' },
      {
        id: '0123456789abcdef',
        kind: 'conda',
        name: 'analysis',
        prefix: '/p',
        language: 'python',
        pythonVersion: '3.12.1',
        isWritable: true,
        owner: 'self',
      },
      before,
    );
    assert.deepEqual(
      [after.isPinned, after.lastUsedAt, after.trustedOwner, after.name, after.hostName, after.pythonVersion],
      [true, 7, 'bob', 'analysis', 'renamed', '3.12.1'],
    );
  });
});

describe('the session of a notebook', () => {
  const options = {
    clientId: 'c'.repeat(32),
    uri: 'file:///a.ipynb',
    baseName: 'a.ipynb',
    environmentId: 'e',
    isTaken: () => false,
  };

  test('is that of the document, so that any window finds its kernel', () => {
    const path = choosePath(options);
    assert.ok(isSessionOf(path, options.clientId, options.uri));
    assert.equal(path, choosePath(options));
  });

  test('is another one when the document’s own leads to another kernel', () => {
    const path = choosePath({ ...options, isTaken: () => true });
    assert.notEqual(path, choosePath(options));
    assert.notEqual(path, choosePath({ ...options, environmentId: 'f', isTaken: () => true }));
  });

  test('is told from that of another notebook, client or environment', () => {
    const path = choosePath(options);
    const ofEnvironment = choosePath({ ...options, isTaken: () => true });
    assert.deepEqual([isOwnPath(path, options), isOwnPath(ofEnvironment, options)], [true, true]);
    for (const other of [
      { ...options, uri: 'file:///b.ipynb' },
      { ...options, clientId: 'd'.repeat(32) },
    ])
      assert.ok(!isOwnPath(choosePath(other), options));
    assert.ok(!isOwnPath(ofEnvironment, { ...options, environmentId: 'f' }));
  });

  test('of a document without a file is not that of an earlier one of the same name', () => {
    assert.notEqual(choosePath({ ...options, nonce: '1' }), choosePath({ ...options, nonce: '2' }));
  });
});

describe('a document that was saved under its first name', () => {
  for (const [one, other, expected] of [
    [['a', 'b'], ['a', 'b'], true],
    [['a'], ['a', 'b'], false],
    [['a'], ['b'], false],
    [['', ' '], ['', ' '], false],
    [[], [], false],
  ] as const) {
    test(`${JSON.stringify(one)} and ${JSON.stringify(other)}: ${expected ? 'is the same' : 'is not known to be the same'}`, () => {
      assert.equal(hasSameCells(one, other), expected);
    });
  }
});
