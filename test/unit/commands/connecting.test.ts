import assert from 'node:assert/strict';
import test from 'node:test';
import { expectParsed } from '../../../src/base/parse';
import {
  changedKeyDetail,
  changedKeySentence,
} from '../../../src/extension/commands/connecting/changed-key-words';
import { endsWithTyped, fingerprintLines } from '../../../src/extension/commands/connecting/fingerprint';
import { signInQuestion } from '../../../src/extension/commands/connecting/sign-in-question';
import { parseCommandTarget } from '../../../src/extension/editor/command-target';
import type { Prompt } from '../../../src/extension/transports/transport';
import { parsePin } from '../../../src/protocol/pin';
import { sampleHost } from '../views/sample-hosts';

const old = expectParsed(parsePin('0'.repeat(64)));
const presented = expectParsed(parsePin(`${'a'.repeat(56)}12345678`));
const base: Prompt = { hostName: 'lab-7', kind: 'password', isSecret: true, canRemember: true };

test('the fingerprint is shown whole, in groups of four', () => {
  assert.equal(fingerprintLines(presented).split('\n').length, 4);
  assert.equal(fingerprintLines(presented).replace(/\s/g, ''), presented);
});

test('a key is replaced only by typing its last eight characters', () => {
  const cases = [
    ['12345678', true],
    ['1234 5678', true],
    ['12:34:56:78', true],
    ['2345678', false],
    ['a12345678', false],
    ['12345679', false],
    ['', false],
  ] as const;
  for (const [typed, isEnd] of cases) assert.equal(endsWithTyped(presented, typed, 8), isEnd, typed);
});

test('a changed key is explained with both fingerprints and their dates', () => {
  const at = Date.UTC(2026, 2, 3, 12);
  assert.equal(
    changedKeySentence('lab-7', at, 'en-GB'),
    'lab-7 shows another key than the one you accepted on 3 March. Someone may be in between, or the host was installed anew.',
  );
  const detail = changedKeyDetail(sampleHost({ accepted: { pin: old, at } }), presented, at, 'en-GB');
  assert.ok(detail.includes(fingerprintLines(old)));
  assert.ok(detail.includes(fingerprintLines(presented)));
  assert.match(detail, /lab-7\.local:7443/);
});

test('a question of the sign-in names the host and the person in its title', () => {
  const titles = (
    [
      { ...base, userName: 'ada' },
      base,
      { ...base, kind: 'user-name', isSecret: false },
      { ...base, kind: 'code', isSecret: false },
      { ...base, kind: 'other', userName: 'ada', text: 'Verification code: ' },
    ] satisfies Prompt[]
  ).map((prompt) => signInQuestion(prompt).title);
  assert.deepEqual(titles, [
    'lab-7: password for ada',
    'lab-7: password',
    'lab-7: user name',
    'lab-7: pairing code',
    'lab-7: sign-in for ada',
  ]);
});

test('only what a host asks in its own words can be answered with nothing', () => {
  const kinds = ['code', 'user-name', 'password', 'other'] as const;
  assert.deepEqual(
    kinds.filter((kind) => signInQuestion({ ...base, kind }).canBeEmpty),
    ['other'],
  );
});

test('the words of a host stand in one line of plain text, and in the empty box what is asked', () => {
  const words = (text: string) => {
    const { prompt, placeholder } = signInQuestion({ ...base, kind: 'other', text });
    return { prompt, placeholder };
  };
  assert.deepEqual(words('Verification code: '), { prompt: 'Verification code', placeholder: undefined });
  assert.deepEqual(words('You are required to change your password immediately.\r\n\u202eNew password: \n'), {
    prompt: 'You are required to change your password immediately. · New password',
    placeholder: 'New password',
  });
  const long = words(`${'long '.repeat(200)}\nCode:`);
  assert.equal(long.prompt.length, 500);
  assert.match(long.prompt, /… · Code$/);
  assert.deepEqual(words(' \n\u0007'), { prompt: '', placeholder: undefined });
});

test('a refusal says how many attempts are left', () => {
  const question = signInQuestion({ ...base, refused: { attemptsLeft: 2 } });
  assert.equal(question.refusal, 'lab-7 did not accept that. 2 attempts before a pause.');
});

test('the target of a command is read from whatever was handed over', () => {
  assert.deepEqual(parseCommandTarget({ hostId: 'h', nodeId: 'host/h', evil: 1 }), {
    ok: true,
    value: { hostId: 'h' },
  });
  assert.equal(parseCommandTarget({ hostId: 7 }).ok, false);
  assert.equal(parseCommandTarget({ hostId: '' }).ok, false);
  assert.equal(parseCommandTarget('h').ok, false);
});
