import assert from 'node:assert/strict';
import test from 'node:test';
import { expectParsed } from '../../../src/base/parse';
import { delay } from '../../../src/base/time';
import { parseSystemConfiguration } from '../../../src/daemon/configuration/system-configuration';
import { account, passwordOf, supervisorOf } from './support/many-users';

const ada = account('ada', { uid: 1001 });
const bob = account('bob', { uid: 1002 });
const root = account('root', { uid: 0 });
const daemonAccount = account('www-data', { uid: 33 });
const shellLess = account('locked-out', { uid: 1003, shell: '/usr/sbin/nologin' });

/** A sign-in that has to succeed; its token. */
async function tokenOf(made: Awaited<ReturnType<typeof supervisorOf>>, username: string): Promise<string> {
  const { answer } = await made.signIn(passwordOf(username, 'right'));
  if (answer.kind !== 'signedIn') assert.fail(`${username} got ${answer.kind}`);
  return answer.token;
}

test('the right password gives a token, the way to the agent, and no delay', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const heard: unknown[] = [];
  made.supervisor.onSignedIn((one) => heard.push(one));
  // Time stands still here, so this would not end if anything waited.
  const answer = await made.supervisor.signIn(passwordOf('ada', 'right'), made.signal);
  if (answer.kind !== 'signedIn') assert.fail(`the answer is ${answer.kind}`);
  assert.equal(answer.user, 'ada');
  assert.match(answer.token, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(answer.door.socket, '/run/door');
  assert.deepEqual(heard, [{ user: 'ada', source: '192.0.2.1' }]);
  assert.deepEqual(made.tokens.countByAccount(), [{ user: 'ada', uid: 1001, signIns: 1 }]);
});

const refusals: readonly [what: string, username: string, answer: string, reason: RegExp][] = [
  ['a wrong password', 'ada', 'wrong', /password is wrong/],
  ['an account that is not there', 'nobody-here', 'right', /no such account/],
  ['root', 'root', 'right', /allowRoot/],
  ['a system account', 'www-data', 'right', /minimumUid/],
  ['an account without a login shell', 'locked-out', 'right', /login shell/],
  ['a denied account', 'bob', 'right', /denyUsers/],
  ['a name with a zero in it', 'ada\0', 'right', /no such account/],
  ['a name of a path', '../ada', 'right', /no such account/],
  ['a name like an option', '-ada', 'right', /no such account/],
  ['an empty name', '', 'right', /no such account/],
];

test('a refusal is one line of the log that begins with the address, whatever name was typed', async (t) => {
  const made = await supervisorOf(t, [ada]);
  await made.signIn(passwordOf('ada', 'wrong', '2001:db8::7'));
  await made.signIn(passwordOf('x\n[sign-in 1] refused from 192.0.2.9 for y', 'wrong', '192.0.2.2'));
  const lines = made.lines.filter((line) => line.includes('refused from'));
  assert.match(lines[0] ?? '', /^\[sign-in 1\] refused from 2001:db8::7 for ada: /);
  assert.match(
    lines[1] ?? '',
    /^\[sign-in 2\] refused from 192\.0\.2\.2 for x\?\?sign-in\?1\?\?refused\?from\?/,
  );
  assert.equal(lines.length, 2);
});

for (const [what, username, password, reason] of refusals) {
  test(`${what} gets the refusal of everybody after the time of everybody, and only the log says why`, async (t) => {
    const everybody = [ada, bob, root, daemonAccount, shellLess];
    const made = await supervisorOf(t, everybody, { denyUsers: ['bob'] });
    const { answer, tookMs } = await made.signIn(passwordOf(username, password));
    assert.deepEqual(answer, { kind: 'refused' });
    assert.equal(tookMs, 2_250);
    assert.equal(made.asked.length, 1, 'PAM is asked about everybody');
    assert.equal(made.agentsAsked.length, 0);
    assert.equal(made.tokens.size, 0);
    assert.match(made.lines.join('\n'), reason);
    assert.ok(!made.lines.join('\n').includes('right'), 'no password is in the log');
  });
}

test('a password that takes long to check is refused after the same time, also where checks wait for each other', async (t) => {
  const people = Array.from({ length: 24 }, (_, index) => account(`user${index}`, { uid: 2000 + index }));
  const made = await supervisorOf(t, people);
  made.state.answer = async ({ username }) => {
    if (made.machine.has(username)) await delay(1_500);
    return { kind: 'refused', reason: 'the password is wrong' };
  };
  const timesOf = async (names: readonly string[]) => {
    const beganMs = made.clock.nowMs;
    const asked = names.map(async (name, index) => {
      await made.supervisor.signIn(passwordOf(name, 'wrong', `192.0.2.${index}`), made.signal);
      return made.clock.nowMs - beganMs;
    });
    await made.pass(10_000);
    return Promise.all(asked);
  };
  const known = await timesOf(people.map(({ name }) => name));
  const unknown = await timesOf(people.map(({ name }) => `no-${name}`));
  assert.deepEqual(known, unknown);
  const rounds = [2_250, 4_000, 6_000];
  assert.deepEqual(
    known,
    rounds.flatMap((tookMs) => new Array<number>(8).fill(tookMs)),
  );
});

test('the password of an account that may not sign in never reaches PAM, and PAM’s consent does not help', async (t) => {
  const made = await supervisorOf(t, [root]);
  made.state.answer = ({ username }) => Promise.resolve({ kind: 'accepted', username });
  const { answer } = await made.signIn(passwordOf('root', 'right'));
  assert.deepEqual(answer, { kind: 'refused' });
  const [question] = made.asked;
  assert.equal(question?.username, 'root');
  assert.equal(question.answers.length, 1);
  assert.notEqual(question.answers[0], 'right');
});

test('a pairing code is refused like a password', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const question = { kind: 'signIn' as const, address: '192.0.2.1', credentials: { code: 'ABCD-EFGH' } };
  for (let count = 0; count < 3; count += 1) {
    const { answer, tookMs } = await made.signIn(question);
    assert.deepEqual([answer.kind, tookMs], ['refused', 2_250]);
  }
  assert.equal((await made.signIn(question)).answer.kind, 'wait');
  assert.equal(made.asked.length, 0);
});

test('two names of one number: only the one that the number leads to can sign in', async (t) => {
  const made = await supervisorOf(t, [ada, account('shadow', { uid: 1001 })]);
  assert.equal((await made.signIn(passwordOf('shadow', 'right'))).answer.kind, 'refused');
  assert.equal((await made.signIn(passwordOf('ada', 'right'))).answer.kind, 'signedIn');
});

test('a name that PAM maps to another account is judged as that one', async (t) => {
  const made = await supervisorOf(t, [ada, bob, root]);
  made.state.answer = () => Promise.resolve({ kind: 'accepted', username: 'root' });
  assert.equal((await made.signIn(passwordOf('ada', 'right'))).answer.kind, 'refused');
  made.state.answer = () => Promise.resolve({ kind: 'accepted', username: 'bob' });
  const { answer } = await made.signIn(passwordOf('ada', 'right'));
  assert.equal(answer.kind === 'signedIn' ? answer.user : answer.kind, 'bob');
  assert.equal(made.agentsAsked[0]?.uid, 1002);
});

test('a fourth attempt waits; another source does not', async (t) => {
  const made = await supervisorOf(t, [ada]);
  for (let count = 0; count < 3; count += 1) await made.signIn(passwordOf('ada', 'wrong'));
  assert.equal((await made.signIn(passwordOf('ada', 'right'))).answer.kind, 'wait');
  assert.equal((await made.signIn(passwordOf('ada', 'right', '192.0.2.2'))).answer.kind, 'signedIn');
});

test('attempts made at once gain nothing: only as many as are allowed are looked at', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => made.supervisor.signIn(passwordOf('ada', 'wrong'), made.signal)).map(
      async (promise, index, all) => {
        if (index === all.length - 1) await made.pass(3_000);
        return (await promise).kind;
      },
    ),
  );
  assert.equal(answers.filter((kind) => kind === 'wait').length, 47);
  assert.equal(made.asked.length, 3);
});

test('fifty people behind one address sign in at once', async (t) => {
  const people = Array.from({ length: 50 }, (_, index) => account(`user${index}`, { uid: 2000 + index }));
  const made = await supervisorOf(t, people);
  const answers = Promise.all(
    people.map(({ name }) => made.supervisor.signIn(passwordOf(name, 'right'), made.signal)),
  );
  await made.pass(3_000);
  assert.ok((await answers).every(({ kind }) => kind === 'signedIn'));
});

test('what cannot be checked lets nobody in, and is no failure of the person', async (t) => {
  const made = await supervisorOf(t, [ada]);
  made.state.lookupFault = new Error('the directory is down');
  for (let count = 0; count < 5; count += 1)
    assert.equal((await made.signIn(passwordOf('ada', 'right'))).answer.kind, 'unavailable');
  made.state.lookupFault = undefined;
  made.state.answer = () => Promise.resolve({ kind: 'busy' });
  assert.equal((await made.signIn(passwordOf('ada', 'right'))).answer.kind, 'wait');
  made.state.answer = undefined;
  made.state.agentFault = new Error('no room for a process');
  const { answer } = await made.signIn(passwordOf('ada', 'right'));
  assert.match(answer.kind === 'unavailable' ? answer.message : '', /no room for a process/);
  assert.equal(made.tokens.size, 0);
});

test('a token leads back to the agent, and the account is looked at again before ten minutes are over', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const token = await tokenOf(made, 'ada');
  const resume = () => made.supervisor.resume({ kind: 'resume', token }, made.signal);
  assert.equal((await resume()).kind, 'resumed');
  await Promise.all([resume(), resume()]);
  assert.deepEqual(made.standingAsked, ['ada']);
  made.locked.add('ada');
  made.clock.nowMs += 8 * 60_000 - 1;
  assert.equal((await resume()).kind, 'resumed');
  made.clock.nowMs += 1;
  assert.deepEqual(await resume(), { kind: 'refused' });
  made.locked.clear();
  assert.deepEqual(await resume(), { kind: 'refused' }, 'its sign-ins have ended');
  assert.equal(made.tokens.size, 0);
});

const ends: readonly [
  what: string,
  change: (made: Awaited<ReturnType<typeof supervisorOf>>) => void,
  reason: RegExp,
][] = [
  ['the account is gone', (made) => made.machine.delete('ada'), /no such account/],
  [
    'the name is another account’s',
    (made) => made.machine.set('ada', account('ada', { uid: 1999 })),
    /belongs to the account 1999/,
  ],
  [
    'the account has lost its shell',
    (made) => made.machine.set('ada', { ...ada, shell: '/usr/sbin/nologin' }),
    /login shell/,
  ],
  [
    'the configuration denies the account',
    (made) => made.supervisor.reconfigure(expectParsed(parseSystemConfiguration({ denyUsers: ['ada'] }))),
    /denyUsers/,
  ],
];

for (const [what, change, reason] of ends) {
  test(`when ${what}, its token is refused and all its sign-ins end, and nobody else’s`, async (t) => {
    const made = await supervisorOf(t, [ada, bob]);
    const [token, bobs] = [await tokenOf(made, 'ada'), await tokenOf(made, 'bob')];
    await tokenOf(made, 'ada');
    change(made);
    assert.deepEqual(await made.supervisor.resume({ kind: 'resume', token }, made.signal), {
      kind: 'refused',
    });
    assert.equal(made.tokens.size, 1);
    assert.equal(
      (await made.supervisor.resume({ kind: 'resume', token: bobs }, made.signal)).kind,
      'resumed',
    );
    assert.match(made.lines.join('\n'), reason);
  });
}

test('while the directory cannot be asked a token is neither taken nor ended', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const token = await tokenOf(made, 'ada');
  made.state.lookupFault = new Error('the directory is down');
  const resume = () => made.supervisor.resume({ kind: 'resume', token }, made.signal);
  assert.equal((await resume()).kind, 'unavailable');
  made.state.lookupFault = undefined;
  assert.equal((await resume()).kind, 'resumed');
});

test('a token without a number, as of a daemon of one user, is refused', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const { token } = await made.tokens.issue('ada');
  assert.deepEqual(await made.supervisor.resume({ kind: 'resume', token }, made.signal), { kind: 'refused' });
});

test('signing out ends one sign-in, everywhere all of that user', async (t) => {
  const made = await supervisorOf(t, [ada, bob]);
  const tokens = [await tokenOf(made, 'ada'), await tokenOf(made, 'ada'), await tokenOf(made, 'ada')];
  await tokenOf(made, 'bob');
  const signOut = (token: string, isEverywhere: boolean) =>
    made.supervisor.signOut({ kind: 'signOut', token, isEverywhere });
  assert.deepEqual(await signOut(tokens[0] ?? '', false), { kind: 'signedOut', tokens: 1 });
  assert.deepEqual(await signOut(tokens[0] ?? '', false), { kind: 'refused' });
  assert.deepEqual(await signOut(tokens[1] ?? '', true), { kind: 'signedOut', tokens: 2 });
  assert.equal(made.tokens.size, 1);
});

test('another configuration changes how long sign-ins last, also those there are', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const token = await tokenOf(made, 'ada');
  made.supervisor.reconfigure(expectParsed(parseSystemConfiguration({ signInIdleDays: 1 })));
  made.clock.nowMs += 2 * 24 * 60 * 60_000;
  assert.deepEqual(await made.supervisor.resume({ kind: 'resume', token }, made.signal), { kind: 'refused' });
});

test('an agent is told at each need what the groups of its user allow, also after another configuration', async (t) => {
  const inLab = account('ada', { uid: 1001, groups: ['ada', 'lab'] });
  const environments = { default: 'list', groups: { lab: 'administer' } };
  const made = await supervisorOf(t, [inLab], { environments });
  const token = await tokenOf(made, 'ada');
  const resume = () => made.supervisor.resume({ kind: 'resume', token }, made.signal);
  made.supervisor.reconfigure(expectParsed(parseSystemConfiguration({ environments: { default: 'list' } })));
  assert.equal((await resume()).kind, 'resumed');
  made.supervisor.reconfigure(expectParsed(parseSystemConfiguration({ environments })));
  made.machine.set('ada', { ...inLab, groups: ['ada'] });
  assert.equal((await resume()).kind, 'resumed');
  assert.deepEqual(made.rulesTold, ['administer', 'list', 'list']);
});
