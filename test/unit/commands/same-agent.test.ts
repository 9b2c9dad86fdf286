import assert from 'node:assert/strict';
import test from 'node:test';
import { requireSameAgent } from '../../../src/extension/commands/kernels/same-agent';
import { CommandProblem } from '../../../src/extension/commands/problem';
import type { Host } from '../../../src/extension/hosts/host';
import { describeMissingKernel } from '../../../src/extension/notebooks/verb-problems';

const hostOf = (agentId: string | undefined) =>
  ({ name: 'lab-7', agent: { hello: agentId === undefined ? undefined : { agentId } } }) as unknown as Host;

const cases: readonly (readonly [chosenAt: string | undefined, signedIn: string | undefined, is: boolean])[] =
  [
    ['ada', 'ada', true],
    ['ada', 'bob', false],
    [undefined, undefined, true],
    [undefined, 'ada', true],
    ['ada', undefined, true],
  ];

for (const [chosenAt, signedIn, isSame] of cases) {
  test(`a kernel chosen at the agent of ${chosenAt ?? 'nobody'} ${isSame ? 'may' : 'may not'} be touched while ${signedIn ?? 'nobody'} is signed in`, () => {
    const words =
      'This kernel on lab-7 belongs to another person than the one who is signed in there. It goes on.';
    const attempt = () => requireSameAgent(hostOf(signedIn), chosenAt);
    if (isSame) assert.doesNotThrow(attempt);
    else
      assert.throws(attempt, (error) => error instanceof CommandProblem && error.problem.message === words);
    assert.equal(
      describeMissingKernel(hostOf(signedIn), chosenAt),
      isSame ? 'That kernel on lab-7 is not running any more.' : words,
    );
  });
}
