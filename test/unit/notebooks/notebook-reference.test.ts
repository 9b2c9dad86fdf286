import assert from 'node:assert/strict';
import test from 'node:test';
import { makeReference, type ReferenceFacts } from '../../../src/extension/notebooks/notebook-reference';
import type { RememberedNotebook } from '../../../src/extension/notebooks/remembered-notebooks';
import type { Host } from '../../../src/extension/hosts/host';
import { connected, sampleHost, sampleKernel } from '../views/sample-hosts';

const kernel = sampleKernel();
const remembered: RememberedNotebook = {
  hostId: 'lab-7',
  environmentId: 'e1',
  environmentName: 'analysis',
  kernelId: kernel.id,
  agentId: 'of ada',
  usedAt: 0,
};

/** A host to which the owner of that agent is signed in. */
function hostOf(agentId: string, isAttached = true): Host {
  const host = sampleHost({ state: connected, kernels: agentId === 'of ada' ? [kernel] : [] });
  const hello = { agentId } as Host['agent']['hello'];
  return { ...host, agent: { ...host.agent, isAttached, hello } };
}

const facts: ReferenceFacts = {
  remembered,
  host: hostOf('of ada'),
  remoteFolder: '~',
  details: undefined,
  endedKernelId: undefined,
};

const cases: readonly (readonly [string, Partial<ReferenceFacts>, string | undefined])[] = [
  ['a notebook without an environment of ours', { remembered: undefined }, undefined],
  ['a kernel that its host lists', {}, kernel.state],
  ['a host that is away', { host: hostOf('of ada', false) }, 'unreachable'],
  ['a host that is not known', { host: undefined }, 'unreachable'],
  ['a host at which somebody else is signed in', { host: hostOf('of bob') }, 'unreachable'],
  [
    'somebody else again, after the kernel was open',
    { host: hostOf('of bob'), details: kernel },
    'unreachable',
  ],
  ['a kernel that was seen to end', { endedKernelId: kernel.id }, 'dead'],
];

for (const [what, some, state] of cases) {
  test(`${what}: ${state ?? 'nothing to say'}`, () => {
    assert.equal(makeReference({ ...facts, ...some })?.state, state);
  });
}
