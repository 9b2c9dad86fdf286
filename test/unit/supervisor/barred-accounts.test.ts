import assert from 'node:assert/strict';
import test from 'node:test';
import { account, passwordOf, supervisorOf } from './support/many-users';

const ada = account('ada', { uid: 1001 });

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
