import assert from 'node:assert/strict';
import test from 'node:test';
import { expectParsed } from '../../../src/base/parse';
import { parseSystemConfiguration } from '../../../src/daemon/configuration/system-configuration';
import type { CredentialAnswer } from '../../../src/daemon/supervisor/credential-checker';
import { account, passwordOf, supervisorOf } from './support/many-users';

const ada = account('ada', { uid: 1001 });
const bob = account('bob', { uid: 1002 });

const more = (conversation: string): CredentialAnswer => ({
  kind: 'more',
  prompts: [{ text: 'Code: ', echo: false }],
  conversation,
});

test('a second factor is asked for and is the same attempt, also the third', async (t) => {
  const made = await supervisorOf(t, [ada]);
  made.state.answer = ({ answers, username }, conversation) =>
    Promise.resolve(
      conversation === undefined
        ? more('c1')
        : answers[0] === '123456'
          ? { kind: 'accepted', username }
          : { kind: 'refused', reason: 'the code is wrong' },
    );
  await made.signIn(passwordOf('bob', 'wrong', '192.0.2.77'));
  const first = await made.signIn(passwordOf('ada', 'right'));
  assert.deepEqual(first.answer, more('c1'));
  const second = await made.signIn(passwordOf('ada', '123456', '192.0.2.1', 'c1'));
  assert.equal(second.answer.kind, 'signedIn');
});

test('a wrong second factor is refused as slowly as a wrong password, and counts', async (t) => {
  const made = await supervisorOf(t, [ada]);
  made.state.answer = (_question, conversation) =>
    Promise.resolve(
      conversation === undefined ? more('c1') : { kind: 'refused', reason: 'the code is wrong' },
    );
  await made.signIn(passwordOf('ada', 'right'));
  const { answer, tookMs } = await made.signIn(passwordOf('ada', '1', '192.0.2.1', 'c1'));
  assert.deepEqual([answer, tookMs], [{ kind: 'refused' }, 2_250]);
  await made.signIn(passwordOf('ada', 'right'));
  assert.equal((await made.signIn(passwordOf('ada', 'right'))).answer.kind, 'wait');
});

test('a conversation is of one person, one source, and one answer', async (t) => {
  const made = await supervisorOf(t, [ada, bob]);
  made.state.answer = ({ username }, conversation) =>
    Promise.resolve(conversation === undefined ? more('c1') : { kind: 'accepted', username });
  await made.signIn(passwordOf('ada', 'right'));
  for (const stranger of [
    passwordOf('bob', '1', '192.0.2.1', 'c1'),
    passwordOf('ada', '1', '192.0.2.9', 'c1'),
    passwordOf('ada', '1', '192.0.2.1', 'c2'),
  ])
    assert.equal((await made.signIn(stranger)).answer.kind, 'refused');
  const own = passwordOf('ada', '1', '192.0.2.1', 'c1');
  assert.equal((await made.signIn(own)).answer.kind, 'signedIn');
  assert.equal((await made.signIn(own)).answer.kind, 'refused');
});

const changesMeanwhile: readonly [
  what: string,
  change: (made: Awaited<ReturnType<typeof supervisorOf>>) => void,
  reason: RegExp,
][] = [
  [
    'the configuration denies the account',
    (made) => made.supervisor.reconfigure(expectParsed(parseSystemConfiguration({ denyUsers: ['ada'] }))),
    /denyUsers/,
  ],
  [
    'the account loses its shell',
    (made) => made.machine.set('ada', { ...ada, shell: '/usr/sbin/nologin' }),
    /login shell/,
  ],
  ['the account is removed', (made) => made.machine.delete('ada'), /no such account/],
  [
    'the name goes to another account',
    (made) => made.machine.set('ada', account('ada', { uid: 1999 })),
    /another account/,
  ],
];

for (const [what, change, reason] of changesMeanwhile) {
  test(`when ${what} while the person looks for the second factor, the right one is refused`, async (t) => {
    const made = await supervisorOf(t, [ada]);
    made.state.answer = ({ username }, conversation) =>
      Promise.resolve(conversation === undefined ? more('c1') : { kind: 'accepted', username });
    await made.signIn(passwordOf('ada', 'right'));
    change(made);
    const { answer, tookMs } = await made.signIn(passwordOf('ada', '123456', '192.0.2.1', 'c1'));
    assert.deepEqual([answer, tookMs], [{ kind: 'refused' }, 2_250]);
    assert.match(made.lines.join('\n'), reason);
    assert.deepEqual([made.tokens.size, made.agentsAsked.length], [0, 0]);
  });
}

test('who is denied while the agent starts gets no token', async (t) => {
  const made = await supervisorOf(t, [ada]);
  made.state.whileAgentStarts = () =>
    made.supervisor.reconfigure(expectParsed(parseSystemConfiguration({ denyUsers: ['ada'] })));
  assert.deepEqual((await made.signIn(passwordOf('ada', 'right'))).answer, { kind: 'refused' });
  assert.equal(made.tokens.size, 0);
  assert.match(made.lines.join('\n'), /denyUsers/);
});

test('what was refused when it was asked about stays refused, also where the configuration allows it meanwhile', async (t) => {
  const made = await supervisorOf(t, [ada], { denyUsers: ['ada'] });
  made.state.answer = ({ username }, conversation) =>
    Promise.resolve(conversation === undefined ? more('c1') : { kind: 'accepted', username });
  await made.signIn(passwordOf('ada', 'right'));
  made.supervisor.reconfigure(expectParsed(parseSystemConfiguration({})));
  const { answer } = await made.signIn(passwordOf('ada', '123456', '192.0.2.1', 'c1'));
  assert.deepEqual(answer, { kind: 'refused' });
});

test('a neighbour in the network of 64 bits shares the penalties, and goes on with a conversation', async (t) => {
  const made = await supervisorOf(t, [ada]);
  made.state.answer = ({ username }, conversation) =>
    Promise.resolve(conversation === undefined ? more('c1') : { kind: 'accepted', username });
  await made.signIn(passwordOf('ada', 'right', '2001:db8:1:2::5'));
  const { answer } = await made.signIn(passwordOf('ada', '1', '2001:db8:1:2::6', 'c1'));
  assert.equal(answer.kind, 'signedIn');
  made.state.answer = undefined;
  for (const last of ['5', '6', '7']) await made.signIn(passwordOf('bob', 'wrong', `2001:db8:1:2::${last}`));
  assert.equal((await made.signIn(passwordOf('bob', 'wrong', '2001:db8:1:2::8'))).answer.kind, 'wait');
});

test('a hundred strangers who are asked for more end no conversation of who has signed in from there before', async (t) => {
  const made = await supervisorOf(t, [ada]);
  made.state.answer = ({ username }, conversation) =>
    Promise.resolve(
      conversation === undefined ? more(`of ${username}`) : { kind: 'accepted', username: 'ada' },
    );
  const second = passwordOf('ada', '123456', '192.0.2.1', 'of ada');
  await made.signIn(passwordOf('ada', 'right'));
  assert.equal((await made.signIn(second)).answer.kind, 'signedIn');
  await made.signIn(passwordOf('ada', 'right'));
  for (let index = 0; index < 100; index += 1)
    await made.signIn(passwordOf(`stranger${index}`, 'guess', `203.0.113.${index}`));
  assert.ok(made.ended.length >= 36 && !made.ended.includes('of ada'));
  assert.equal((await made.signIn(second)).answer.kind, 'signedIn');
});
