import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NotebookDocument } from 'vscode';
import { systemClock } from '../../../src/base/time';
import { isSessionOf, sessionPath } from '../../../src/protocol/identity';
import type { Hosts } from '../../../src/extension/hosts/host';
import { NotebookChoice } from '../../../src/extension/notebooks/notebook-choice';
import { RememberedNotebooks } from '../../../src/extension/notebooks/remembered-notebooks';
import { sampleHost, sampleKernel } from '../views/sample-hosts';

const uri = 'file:///work/story.ipynb';
const clientId = 'client';
const host = sampleHost({ id: 'lab-7' });
const here = sampleHost({ id: 'here', sources: ['this-machine'] });

function memento() {
  const stored = new Map<string, unknown>();
  return {
    keys: () => [...stored.keys()],
    get: (key: string, otherwise?: unknown) => stored.get(key) ?? otherwise,
    update: (key: string, value: unknown) => {
      stored.set(key, value);
      return Promise.resolve();
    },
  } as never;
}

/** The choice of a saved notebook, and how often something of it changed. */
function stage() {
  const changes: unknown[] = [];
  const document = {
    uri: { scheme: 'file', fsPath: '/work/story.ipynb', path: '/work/story.ipynb', toString: () => uri },
    isUntitled: false,
  } as unknown as NotebookDocument;
  const hosts = { get: (id: string) => [host, here].find((one) => one.id === id) } as unknown as Hosts;
  const choice = new NotebookChoice(
    {
      hosts,
      clientId,
      clock: systemClock,
      notebooks: new RememberedNotebooks(memento(), memento()),
      defaultRemoteFolder: () => '~',
      changed: (notebook) => changes.push(notebook),
    },
    document,
  );
  return { choice, changes };
}

const analysis = { hostId: 'lab-7', environmentId: 'e1' };
const torch = { hostId: 'lab-7', environmentId: 'e2' };

const rememberedOf = (choice: NotebookChoice) => choice.remembered;

test('a notebook without a choice has no host, no kernel of another, and nothing to forget', async () => {
  const { choice, changes } = stage();
  await choice.forgetKernel();
  await choice.setFolder('/data');
  assert.equal(rememberedOf(choice), undefined);
  assert.equal(choice.host, undefined);
  assert.equal(choice.isOfAnother, false);
  assert.deepEqual(changes, []);
});

test('the folder stays with the host when another environment is chosen, and goes with it', async () => {
  const { choice } = stage();
  await choice.setEnvironment(analysis, 'analysis');
  await choice.setFolder('/data');
  await choice.setEnvironment(torch, 'torch');
  assert.equal(choice.folderIn(rememberedOf(choice)), '/data');
  await choice.setEnvironment({ hostId: 'here', environmentId: 'e3' }, 'here');
  assert.equal(
    choice.folderIn(rememberedOf(choice)),
    '/work',
    'on this machine it is the folder of the file',
  );
});

test('the first kernel has the session of the document, and one in another environment a session of its own', async () => {
  const { choice } = stage();
  await choice.setEnvironment(analysis, 'analysis');
  const remembered = rememberedOf(choice);
  assert.ok(remembered !== undefined);
  const first = choice.sessionPathIn(remembered);
  assert.ok(isSessionOf(first, clientId, uri));
  await choice.setSession(remembered, first);
  await choice.setOpened(host, sampleKernel({ id: 'k1' }));
  assert.equal(rememberedOf(choice)?.kernelId, 'k1');
  await choice.setEnvironment(torch, 'torch');
  assert.equal(rememberedOf(choice)?.kernelId, undefined);
  const then = rememberedOf(choice);
  assert.ok(then !== undefined);
  assert.notEqual(choice.sessionPathIn(then), first);
});

test('a kernel of somebody else’s session leaves that session alone, one of the notebook’s own is gone on with', async () => {
  const { choice } = stage();
  const ownPath = sessionPath(clientId, uri, 'story.ipynb');
  const session = { id: 's', name: 'story.ipynb', type: 'notebook' };
  await choice.setKernel(host, sampleKernel({ session: { ...session, path: ownPath } }), analysis);
  assert.equal(rememberedOf(choice)?.sessionPath, ownPath);
  await choice.setKernel(host, sampleKernel({ id: 'k2', session: { ...session, path: 'x/y' } }), analysis);
  const path = rememberedOf(choice)?.sessionPath;
  assert.ok(path !== undefined && path !== 'x/y' && path !== ownPath);
  await choice.forgetKernel();
  assert.equal(rememberedOf(choice)?.kernelId, undefined);
  assert.equal(choice.isIn(analysis), true);
  assert.equal(choice.isIn(torch), false);
});
