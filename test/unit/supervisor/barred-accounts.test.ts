import assert from 'node:assert/strict';
import test from 'node:test';
import { account, passwordOf, supervisorOf } from './support/many-users';

const ada = account('ada', { uid: 1001 });
const dayMs = 24 * 60 * 60_000;

type Made = Awaited<ReturnType<typeof supervisorOf>>;

test('while an account may not be used its connections end, nobody gets in, and its sign-ins stay', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const { answer: signedIn } = await made.signIn(passwordOf('ada', 'right'));
  if (signedIn.kind !== 'signedIn') assert.fail(`ada got ${signedIn.kind}`);
  const { token } = signedIn;
  const resume = () => made.supervisor.resume({ kind: 'resume', token }, made.signal);
  made.barred.add('ada');
  for (let times = 0; times < 50; times += 1) {
    const answer = await resume();
    assert.ok(answer.kind === 'unavailable' && answer.endsConnections === true, answer.kind);
  }
  assert.equal(made.standingAsked.length, 1, 'who comes back at once does not make PAM look at it again');
  assert.equal(made.agentsAsked.length, 1, 'only the sign-in asked for an agent');
  made.clock.nowMs += 20_000;
  assert.equal((await resume()).kind, 'unavailable');
  made.barred.clear();
  made.clock.nowMs += 20_000;
  assert.equal((await resume()).kind, 'resumed');
  assert.equal(made.tokens.size, 1);
  assert.match(made.lines.join('\n'), /may not be here now, and stays signed in: there is maintenance/);
});

for (const [what, keepOut] of [
  ['barred', (made: Made) => made.barred.add('ada')],
  ['not to be looked at', (made: Made) => (made.state.lookupFault = new Error('the directory is away'))],
  ['without its agent', (made: Made) => (made.state.agentFault = new Error('the home is away'))],
] as const)
  test(`an account that is ${what} keeps no sign-in alive by coming again and again`, async (t) => {
    const made = await supervisorOf(t, [ada], { signInIdleDays: 1, signInDays: 30 });
    const { answer: signedIn } = await made.signIn(passwordOf('ada', 'right'));
    if (signedIn.kind !== 'signedIn') assert.fail(`ada got ${signedIn.kind}`);
    const { token } = signedIn;
    const resume = async () => (await made.supervisor.resume({ kind: 'resume', token }, made.signal)).kind;
    made.clock.nowMs += 0.75 * dayMs;
    assert.equal(await resume(), 'resumed');
    keepOut(made);
    for (let hours = 1; hours < 24; hours += 1) {
      made.clock.nowMs += dayMs / 24;
      assert.equal(await resume(), 'unavailable', `after ${hours} hours`);
    }
    made.clock.nowMs += dayMs / 24;
    assert.equal(
      await resume(),
      'refused',
      'a day after its last use it has ended, and the person signs in again',
    );
  });

test('who is barred where they signed in is told to sign in again elsewhere, and gets in there', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const { answer: signedIn } = await made.signIn(passwordOf('ada', 'right', '192.0.2.1'));
  if (signedIn.kind !== 'signedIn') assert.fail(`ada got ${signedIn.kind}`);
  made.barredAddresses.add('192.0.2.1');
  made.clock.nowMs += 8 * 60_000;
  const answer = await made.supervisor.resume({ kind: 'resume', token: signedIn.token }, made.signal);
  assert.match(answer.kind === 'unavailable' ? answer.message : answer.kind, /sign out and sign in again/);
  const { answer: elsewhere } = await made.signIn(passwordOf('ada', 'right', '198.51.100.1'));
  if (elsewhere.kind !== 'signedIn') assert.fail(`ada got ${elsewhere.kind}`);
  const again = await made.supervisor.resume({ kind: 'resume', token: elsewhere.token }, made.signal);
  assert.equal(again.kind, 'resumed');
});

test('who signs out while their agent starts does not come back', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const { answer: signedIn } = await made.signIn(passwordOf('ada', 'right'));
  if (signedIn.kind !== 'signedIn') assert.fail(`ada got ${signedIn.kind}`);
  const { token } = signedIn;
  let signingOut: Promise<unknown> | undefined;
  made.state.whileAgentStarts = () => {
    signingOut = made.supervisor.signOut({ kind: 'signOut', token, isEverywhere: false });
  };
  assert.equal((await made.supervisor.resume({ kind: 'resume', token }, made.signal)).kind, 'refused');
  await signingOut;
});
