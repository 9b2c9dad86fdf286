import assert from 'node:assert/strict';
import test from 'node:test';
import { expectParsed } from '../../../src/base/parse';
import { commandIds } from '../../../src/extension/commands/ids';
import type { NotebookKernelReference } from '../../../src/extension/editor/notebook-kernels';
import type { Host } from '../../../src/extension/hosts/host';
import { ConnectionError } from '../../../src/extension/transports/transport';
import { contextValues } from '../../../src/extension/views/context-values';
import { statusBarText } from '../../../src/extension/views/status-bar/status-bar-text';
import { parsePin } from '../../../src/protocol/pin';
import { connected, moment, now, sampleHost, sampleKernel, waiting } from './sample-hosts';

const pin = expectParsed(parsePin('ab'.repeat(32)));
const notebook: NotebookKernelReference = {
  hostId: 'lab-7',
  environmentId: '0123456789abcdef',
  environmentName: 'analysis',
  kernelId: 'k',
  state: 'idle',
  remoteFolder: '~/project',
};
const textOf = (hosts: readonly Host[], reference?: NotebookKernelReference) =>
  statusBarText({
    hosts,
    moment,
    describeError: (_error, host) => `${host.name} does not answer.`,
    ...(reference === undefined ? {} : { notebook: reference }),
  });

test('nothing is shown to a person who has no host', () => {
  assert.equal(textOf([]), undefined);
  assert.equal(
    textOf([sampleHost({ sources: ['this-machine'], endpoints: [{ kind: 'local' }] })]),
    undefined,
  );
});

test('a saved or found host shows the way to connect', () => {
  const text = textOf([sampleHost({ sources: ['discovered'], isAnnounced: true })]);
  assert.equal(text?.text, '$(vm-outline) Remote Kernels');
  assert.equal(text.command.id, commandIds.connect);
});

test('one connection shows its host, and in a notebook the environment and its kernel', () => {
  const hosts = [sampleHost({ state: connected })];
  assert.equal(textOf(hosts)?.text, '$(vm-active) lab-7');
  assert.equal(textOf(hosts, notebook)?.text, '$(vm-active) lab-7  analysis · idle');
});

test('several connections are counted', () => {
  const hosts = ['lab-7', 'b', 'c'].map((name) => sampleHost({ name, state: connected }));
  assert.equal(textOf(hosts)?.text, '$(vm-active) 3 hosts');
  assert.equal(textOf(hosts, notebook)?.text, '$(vm-active) 3 hosts  lab-7: analysis · idle');
});

test('a lost connection is the reconnect button, with countdown, reason and what goes on', () => {
  const text = textOf([
    sampleHost({ state: waiting, kernels: [sampleKernel(), sampleKernel({ id: 'k2' })] }),
  ]);
  assert.equal(text?.text, '$(sync~spin) lab-7: reconnecting in 4 s');
  assert.equal(text.background, 'warning');
  assert.deepEqual(text.command.target, { hostId: 'lab-7' });
  assert.equal(text.command.id, commandIds.reconnect);
  assert.match(text.tooltip, /does not answer/);
  assert.match(text.tooltip, /Your 2 kernels keep running on lab\\-7/);
  assert.match(text.tooltip, /09:59/);
});

test('a lost connection that does not come back by itself is the reconnect button, too', () => {
  const failed = (code: ConnectionError['code']) =>
    sampleHost({ state: { kind: 'failed', cause: new ConnectionError(code, ''), since: now } });
  const text = textOf([failed('lost'), sampleHost({ name: 'b', state: connected })]);
  assert.equal(text?.text, '$(warning) lab-7: connection lost');
  assert.equal(text.background, 'warning');
  assert.equal(text.command.id, commandIds.reconnect);
  assert.deepEqual(text.command.target, { hostId: 'lab-7' });
  assert.equal(
    textOf([failed('unreachable')])?.text,
    '$(vm-outline) Remote Kernels',
    'an attempt that failed at once is no lost connection',
  );
});

test('what needs a person most comes first', () => {
  const cause = new ConnectionError('sign-in-needed', '');
  const lost = sampleHost({ name: 'a', state: waiting });
  const signIn = sampleHost({ name: 'b', state: { kind: 'sign-in-needed', cause, since: now } });
  const changed = sampleHost({ name: 'c', state: { kind: 'key-changed', presented: pin, since: now } });
  assert.equal(textOf([lost, signIn, changed])?.text, '$(shield) c: key changed');
  assert.equal(textOf([lost, signIn, changed])?.background, 'error');
  assert.equal(textOf([lost, signIn])?.text, '$(key) b: sign in');
  assert.equal(textOf([lost])?.command.id, commandIds.reconnect);
});

test('links of the tooltip go only to commands that the text names', () => {
  const text = textOf([sampleHost({ name: '[x](command:evil)', state: waiting })]);
  const linked = [...(text?.tooltip ?? '').matchAll(/\]\(command:([\w.]+)/g)].map((match) => match[1]);
  assert.ok(linked.length >= 3);
  assert.deepEqual(
    linked.filter((id) => !(text?.links as readonly string[]).includes(id ?? '')),
    [],
  );
});

test('an icon in the name of a host stays text', () => {
  const text = textOf([sampleHost({ name: '$(flame) hot', state: connected })]);
  assert.equal(text?.text, '$(vm-active) $\u200b(flame) hot');
});

test('context keys say what commands can do now', () => {
  const values = contextValues(
    [sampleHost({ state: connected, kernels: [sampleKernel()] }), sampleHost({ name: 'b', state: waiting })],
    true,
    notebook,
  );
  assert.deepEqual(values, {
    isConnected: true,
    canReconnect: true,
    canDisconnect: true,
    isSignedIn: true,
    hasSavedHosts: true,
    hasChangedKey: false,
    hasKernels: true,
    hasNotebook: true,
    notebookHasEnvironment: true,
    notebookHasKernel: true,
  });
});
