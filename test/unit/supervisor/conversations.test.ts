import assert from 'node:assert/strict';
import test from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { Conversations } from '../../../src/daemon/supervisor/conversations';
import { CredentialCheck, type CredentialCheckParts } from '../../../src/daemon/supervisor/credential-check';

const nobody = () => Promise.reject(new Error('nobody is asked here'));
const parts: CredentialCheckParts = {
  accounts: { byName: nobody, byUid: nobody },
  credentials: { begin: nobody, continue: nobody, checkAccount: nobody, end: () => undefined },
  judge: nobody,
  log: silentLogger,
};

function conversationsOf() {
  const ended: string[] = [];
  const conversations = new Conversations(
    (one) => ended.push(one),
    () => 0,
  );
  const keep = (name: string, address: string, isKnown = false) =>
    conversations.keep(name, { check: new CredentialCheck(parts, name, address), rounds: 1, isKnown });
  return { conversations, ended, keep };
}

const crowds: readonly [what: string, addressOf: (index: number) => string][] = [
  ['as many addresses', (index) => `203.0.113.${index}`],
  ['the networks of one household', (index) => `2001:db8:1:${index.toString(16)}::1`],
  ['as many households', (index) => `2001:db8:${index.toString(16)}::1`],
];

for (const [what, addressOf] of crowds) {
  test(`two hundred conversations of ${what} end none of a person who is known there, and are bounded`, () => {
    const { conversations, ended, keep } = conversationsOf();
    keep('ada', '198.51.100.1', true);
    for (let index = 0; index < 200; index += 1) keep(`stranger ${index}`, addressOf(index));
    assert.equal(conversations.size, 64);
    assert.ok(!ended.includes('ada'));
    assert.equal(conversations.take('ada', 'ada', '198.51.100.1')?.isKnown, true);
  });
}

test('a household with hundreds of networks is one source, and ends none of another stranger', () => {
  const { conversations, ended, keep } = conversationsOf();
  keep('ada', '198.51.100.1');
  for (let index = 0; index < 200; index += 1)
    keep(`stranger ${index}`, `2001:db8:1:${index.toString(16)}::1`);
  assert.ok(!ended.includes('ada'));
  assert.equal(conversations.size, 64);
});

test('of one source a stranger gives way to one who is known there', () => {
  const { ended, keep } = conversationsOf();
  keep('ada', '198.51.100.1', true);
  for (let index = 0; index < 20; index += 1) keep(`stranger ${index}`, '198.51.100.1');
  assert.deepEqual(
    ended,
    Array.from({ length: 5 }, (_, index) => `stranger ${index}`),
  );
});

test('where all are known the oldest of the most crowded source ends', () => {
  const { conversations, ended, keep } = conversationsOf();
  for (let index = 0; index < 63; index += 1) keep(`known ${index}`, `203.0.113.${index}`, true);
  keep('second', '203.0.113.7', true);
  keep('one more', '198.51.100.1', true);
  assert.deepEqual(ended, ['known 7']);
  assert.equal(conversations.size, 64);
});
