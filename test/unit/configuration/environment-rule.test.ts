import assert from 'node:assert/strict';
import test from 'node:test';
import { expectParsed } from '../../../src/base/parse';
import { environmentRuleFor } from '../../../src/daemon/configuration/environment-rule';
import { parseSystemConfiguration } from '../../../src/daemon/configuration/system-configuration';

const classroom = { default: 'list', groups: { 'data-admins': 'administer', students: 'list' } };
const office = { groups: { guests: 'list', 'domain users': 'administer' } };

const cases: readonly [environments: unknown, groups: readonly string[], rule: string][] = [
  [undefined, ['ada'], 'administer'],
  ['list', ['ada', 'data-admins'], 'list'],
  ['administer', [], 'administer'],
  [classroom, [], 'list'],
  [classroom, ['ada'], 'list'],
  [classroom, ['ada', 'students'], 'list'],
  [classroom, ['ada', 'data-admins'], 'administer'],
  [classroom, ['students', 'data-admins'], 'administer'],
  [classroom, ['Data-Admins'], 'list'],
  [office, ['ada'], 'administer'],
  [office, ['ada', 'guests'], 'list'],
  [office, ['guests', 'domain users'], 'administer'],
  [{ default: 'list' }, ['ada'], 'list'],
  [{ default: 'list', groups: { constructor: 'administer' } }, ['toString', '__proto__'], 'list'],
];

for (const [environments, groups, rule] of cases) {
  test(`${JSON.stringify(environments)} lets a member of [${groups.join(', ')}] ${rule}`, () => {
    const configuration = expectParsed(
      parseSystemConfiguration(environments === undefined ? {} : { environments }),
    );
    assert.equal(environmentRuleFor(configuration.environments, groups), rule);
  });
}
