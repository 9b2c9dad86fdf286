import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { processStartTime } from '../../../src/daemon/platform/processes';
import { until, withDeadline } from '../../../src/base/time';
import { PamChecker, type PamCheckerOptions } from '../../../src/daemon/supervisor/pam-checker';
import { asksForPassword } from '../../../src/daemon/supervisor/password-prompt';
import { temporaryFolder } from '../../support/temporary-folder';

/**
 * A child that speaks the protocol and does what the name of the user says: asks for two answers one after the other and takes `first` and `second`,
 * or fails in one of many ways.
 */
const program = `
const { readSync, writeSync, writeFileSync } = require('node:fs');
const read = () => {
  const bytes = Buffer.alloc(8192);
  const count = readSync(3, bytes, 0, bytes.length, null);
  if (count === 0) process.exit(1);
  return JSON.parse(bytes.subarray(0, count).toString());
};
const say = (message) => writeSync(3, JSON.stringify(message) + '\\n');
const ask = (...texts) => {
  say({ kind: 'prompts', prompts: texts.map((text) => ({ text, echo: false })) });
  return read().answers;
};
const result = (isAccepted, more = {}) =>
  say({ kind: 'result', isAccepted, stage: 'authenticate', code: isAccepted ? 0 : 7, message: 'said so', ...more });
const question = read();
writeFileSync(__filename + '.pid', String(process.pid));
switch (question.username) {
  case 'mapped': result(true, { username: 'somebody' }); break;
  case 'dies': ask('Password: '); process.exit(3);
  case 'nonsense': writeSync(3, 'hello\\n'); setTimeout(() => {}, 60_000); break;
  case 'half': writeSync(3, '{"kind":"result","isAccepted":true'); process.exit(0);
  case 'floods': for (let i = 0; i < 10; i++) writeSync(3, 'x'.repeat(8192)); setTimeout(() => {}, 60_000); break;
  case 'hangs': setTimeout(() => {}, 60_000); break;
  case 'leaves': ask('Password: '); ask('Code: '); break;
  case 'unavailable': result(false, { code: 9 }); break;
  case 'account': result(false, { stage: 'account', code: Number(question.address.split('.')[3]) }); break;
  case 'asks': if (question.isAccountOnly) ask('Password: '); break;
  case 'two': result(String(ask('One: ', 'Two: ')) === 'first,second'); break;
  case 'late': result(String([...ask('Verification code: '), ...ask('Password: ')]) === 'code,first'); break;
  default: {
    const [one] = ask('Password: ');
    const [two] = ask('Code: ');
    result(one === 'first' && two === 'second');
  }
}
`;

interface Stage {
  readonly checker: PamChecker;
  readonly programFile: string;
}

async function stage(t: TestContext, options: Partial<PamCheckerOptions> = {}): Promise<Stage> {
  const programFile = join(await temporaryFolder(t), 'child.js');
  await writeFile(programFile, program);
  const checker = new PamChecker({ programFile, ...options });
  t.after(() => checker.dispose());
  return { checker, programFile };
}

const address = '192.0.2.1';
const soon = () => AbortSignal.timeout(20_000);
const asked = (username: string, ...answers: string[]) => ({ username, address, answers });

async function wait(checker: PamChecker, username = 'ada'): Promise<string> {
  const answer = await checker.begin(asked(username, 'first'), soon());
  assert.equal(answer.kind, 'more', JSON.stringify(answer));
  assert.match(answer.conversation, /^[0-9a-f]{32}$/);
  return answer.conversation;
}

test('answers are given to the prompts in their order, and what is missing is asked for', async (t) => {
  const { checker } = await stage(t);
  assert.deepEqual(await checker.begin(asked('ada', 'first', 'second'), soon()), {
    kind: 'accepted',
    username: 'ada',
  });
  const conversation = await wait(checker);
  assert.deepEqual(checker.counts, { running: 0, waiting: 1 });
  assert.deepEqual(await checker.continue(conversation, asked('ada', 'second'), soon()), {
    kind: 'accepted',
    username: 'ada',
  });
  assert.deepEqual(await checker.begin(asked('two', 'first', 'second'), soon()), {
    kind: 'accepted',
    username: 'two',
  });
  const partly = await checker.begin(asked('two', 'first'), soon());
  assert.deepEqual(partly.kind === 'more' && partly.prompts.map(({ text }) => text), ['One: ', 'Two: ']);
});

test('a password alone is not the answer to a second factor that is asked first, and need not be typed again', async (t) => {
  const { checker } = await stage(t);
  const answer = await checker.begin(asked('late', 'first'), soon());
  assert.equal(answer.kind, 'more');
  assert.deepEqual(
    answer.prompts.map(({ text }) => text),
    ['Verification code: '],
  );
  assert.deepEqual(await checker.continue(answer.conversation, asked('late', 'code'), soon()), {
    kind: 'accepted',
    username: 'late',
  });
  assert.deepEqual(await checker.begin(asked('late', 'code', 'first'), soon()), {
    kind: 'accepted',
    username: 'late',
  });
});

const prompts: readonly [isPassword: boolean, ...texts: string[]][] = [
  [true, 'Password: '],
  [true, 'LDAP Password: '],
  [true, 'Password for ada@EXAMPLE.ORG: '],
  [true, 'Your account ends in 3 days, get a new one.\nPassword: '],
  [false, 'Verification code: '],
  [false, 'Your password ends in 3 days.\nVerification code: '],
  [false, 'Password & verification code: '],
  [false, "One-time password (OATH) for `ada': "],
  [false, 'Passcode or option (1-3): '],
  [false, 'New password: '],
  [false, 'Retype new password: '],
  [false, 'PIN: '],
  [false, 'Password: ', 'Verification code: '],
  [false],
];

for (const [isPassword, ...texts] of prompts) {
  test(`${JSON.stringify(texts)} ${isPassword ? 'asks' : 'does not ask'} for the password alone`, () => {
    assert.equal(asksForPassword(texts.map((text) => ({ text, echo: false }))), isPassword);
    assert.equal(asksForPassword(texts.map((text) => ({ text, echo: true }))), false);
  });
}

test('a wrong answer is refused with the reason, and a name that PAM maps is the mapped one', async (t) => {
  const { checker } = await stage(t);
  assert.deepEqual(await checker.begin(asked('ada', 'first', 'wrong'), soon()), {
    kind: 'refused',
    reason: 'authenticate: said so (PAM 7)',
  });
  assert.deepEqual(await checker.begin(asked('mapped'), soon()), { kind: 'accepted', username: 'somebody' });
});

test('a conversation goes on only for its person from its address, once, with as many answers as prompts', async (t) => {
  const { checker } = await stage(t);
  const conversation = await wait(checker);
  const strangers = [
    { username: 'eve', address, answers: ['second'] },
    { username: 'ada', address: '192.0.2.2', answers: ['second'] },
  ];
  for (const question of strangers)
    assert.equal((await checker.continue(conversation, question, soon())).kind, 'refused');
  assert.equal((await checker.continue('0'.repeat(32), asked('ada', 'second'), soon())).kind, 'refused');
  assert.equal((await checker.continue(conversation, asked('ada', 'second'), soon())).kind, 'accepted');
  assert.equal((await checker.continue(conversation, asked('ada', 'second'), soon())).kind, 'refused');
  const other = await wait(checker);
  assert.equal((await checker.continue(other, asked('ada', 'second', 'third'), soon())).kind, 'refused');
});

for (const [username, reason] of [
  ['dies', /exit code 3/],
  ['nonsense', /no message/],
  ['half', /exit code 0/],
  ['floods', /too much/],
  ['hangs', /too long/],
] as const) {
  test(`a child that does what "${username}" says is a refusal, and does not live on`, async (t) => {
    const { checker, programFile } = await stage(t, { stepTimeoutMs: 2_000 });
    const answer = await checker.begin(asked(username, 'x'), soon());
    assert.equal(answer.kind, 'refused', JSON.stringify(answer));
    assert.match(answer.reason, reason);
    await childEnds(programFile);
  });
}

test('a child that waits ends when nobody goes on with it, when it is told to, and with the checker', async (t) => {
  const { checker, programFile } = await stage(t, { waitTimeoutMs: 300 });
  await wait(checker);
  await childEnds(programFile);
  assert.deepEqual(checker.counts, { running: 0, waiting: 0 });

  const told = await stage(t);
  told.checker.end(await wait(told.checker));
  await childEnds(told.programFile);

  const whole = await stage(t);
  await wait(whole.checker);
  whole.checker.dispose();
  await childEnds(whole.programFile);
  assert.deepEqual(await whole.checker.begin(asked('ada'), soon()), { kind: 'busy' });
});

test('an attempt that is aborted rejects, and its child ends', async (t) => {
  const { checker, programFile } = await stage(t);
  const controller = new AbortController();
  const attempt = checker.begin(asked('hangs'), controller.signal);
  await until(() => isRunning(`${programFile}.pid`), soon());
  controller.abort(new Error('the person left'));
  await assert.rejects(attempt, /the person left/);
  await childEnds(programFile);
});

test('beyond the caps an attempt is told that the checker is busy, and a waiting one stays', async (t) => {
  const { checker } = await stage(t, { maxRunning: 1, maxWaiting: 1 });
  const conversation = await wait(checker);
  assert.deepEqual(await checker.begin(asked('bob', 'first'), soon()), { kind: 'busy' });
  const controller = new AbortController();
  const hanging = assert.rejects(checker.begin(asked('hangs'), controller.signal), /enough/);
  assert.deepEqual(await checker.continue(conversation, asked('ada', 'second'), soon()), { kind: 'busy' });
  controller.abort(new Error('enough'));
  await hanging;
  assert.equal((await checker.continue(conversation, asked('ada', 'second'), soon())).kind, 'accepted');
});

test('a look at an account that was not possible is no refusal', async (t) => {
  const { checker } = await stage(t);
  for (const [username, why] of [
    ['unavailable', /could not look/],
    ['asks', /asks a person/],
    ['nonsense', /no message/],
  ] as const)
    await assert.rejects(checker.checkAccount(username, address, soon()), why);
  const answer = await checker.checkAccount('mapped', address, soon());
  assert.deepEqual(answer, { kind: 'accepted', username: 'somebody' });
});

test('what a person wrote that does not fit is refused and not cut', async (t) => {
  const { checker } = await stage(t);
  const answers = ['ä'.repeat(1024), ...Array<string>(7).fill('ä'.repeat(1024))];
  const conversation = await checker.begin(asked('two', answers.join('')), soon());
  assert.equal(conversation.kind, 'more');
  const answer = await checker.continue(
    conversation.conversation,
    asked('two', answers.join(''), ''),
    soon(),
  );
  assert.deepEqual(answer.kind, 'refused');
});

function childEnds(programFile: string): Promise<true> {
  const signal = withDeadline(10_000, 'the end of the child');
  return until(
    async () => ((await isRunning(`${programFile}.pid`)) === undefined ? true : undefined),
    signal,
  );
}

/** Whether the child whose pid is in that file lives; `undefined` when it has ended, or has not begun. */
async function isRunning(pidFile: string): Promise<true | undefined> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  return pid > 0 && (await processStartTime(pid)) !== undefined ? true : undefined;
}

/** What each code of Linux-PAM (_pam_types.h) means for an account that is signed in; all others keep it out for a while. */
const codesOfAccounts: Readonly<Record<'unknown' | 'ended', readonly number[]>> = {
  // PAM_SYSTEM_ERR, PAM_BUF_ERR, PAM_AUTHINFO_UNAVAIL, PAM_ABORT.
  unknown: [4, 5, 9, 26],
  // PAM_USER_UNKNOWN, PAM_NEW_AUTHTOK_REQD, PAM_ACCT_EXPIRED, PAM_AUTHTOK_EXPIRED.
  ended: [10, 12, 13, 27],
};

test('of all codes of PAM four end sign-ins, four say nothing, and the others only keep out for now', async (t) => {
  const { checker } = await stage(t);
  for (let code = 1; code <= 31; code += 1) {
    const answer = await checker
      // The child takes the code out of the address.
      .checkAccount('account', `192.0.2.${code}`, soon())
      .catch((error: unknown) => error);
    const found =
      answer instanceof Error
        ? 'unknown'
        : typeof answer === 'object' && answer !== null && 'canPass' in answer && answer.canPass === true
          ? 'barred'
          : 'ended';
    const expected = codesOfAccounts.unknown.includes(code)
      ? 'unknown'
      : codesOfAccounts.ended.includes(code)
        ? 'ended'
        : 'barred';
    assert.equal(found, expected, `code ${code}`);
  }
});
