import assert from 'node:assert/strict';
import test from 'node:test';
import { account, passwordOf, supervisorOf } from './support/many-users';

const ada = account('ada', { uid: 1001 });

test('PAM hears the address of the person at the sign-in and at each later look, once for all sign-ins from there', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const resume = async (address: string) => {
    const { answer } = await made.signIn(passwordOf('ada', 'right', address));
    if (answer.kind !== 'signedIn') assert.fail(answer.kind);
    const { token } = answer;
    assert.equal((await made.supervisor.resume({ kind: 'resume', token }, made.signal)).kind, 'resumed');
  };
  const [first, neighbour] = ['2001:db8:1:2::5', '2001:db8:1:2::6'];
  for (const address of [first, first, neighbour, first]) await resume(address);
  assert.deepEqual(
    made.asked.map(({ address }) => address),
    [first, first, neighbour, first],
  );
  assert.deepEqual(made.standingAddresses, [first, neighbour]);
  assert.match(made.lines.join('\n'), /asked from 2001:db8:1:2::6 for ada/);
});

test('a sign-in whose address was not kept is looked at without one', async (t) => {
  const made = await supervisorOf(t, [ada]);
  const { token } = await made.tokens.issue('ada', undefined, { uid: 1001 });
  assert.equal((await made.supervisor.resume({ kind: 'resume', token }, made.signal)).kind, 'resumed');
  assert.deepEqual(made.standingAddresses, ['']);
});
