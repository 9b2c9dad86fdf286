import assert from 'node:assert/strict';
import test from 'node:test';
import { expectParsed } from '../../../src/base/parse';
import { checkNames } from '../../../src/daemon/command-line/checking/check-names';
import { parseSystemConfiguration } from '../../../src/daemon/configuration/system-configuration';

const isKnown = (database: string, name: string) =>
  Promise.resolve(['passwd ada', 'group lab'].includes(`${database} ${name}`));

async function findings(configuration: unknown) {
  return checkNames(expectParsed(parseSystemConfiguration(configuration)), isKnown);
}

test('names that the system knows, and no names at all, are no finding', async () => {
  assert.deepEqual(await findings({}), []);
  const environments = { groups: { lab: 'list' } };
  assert.deepEqual(await findings({ allowUsers: ['ada'], denyGroups: ['lab'], environments }), []);
});

test('each name that the system does not know is a warning with its key', async () => {
  const found = await findings({
    allowUsers: ['adda'],
    allowGroups: ['ada', 'lab'],
    denyUsers: ['lab'],
    denyGroups: ['labs'],
    environments: { default: 'list', groups: { lab: 'administer', 'data-admins': 'administer' } },
  });
  assert.ok(found.every(({ level }) => level === 'warning'));
  assert.deepEqual(
    found.map(({ message }) => message),
    [
      '"allowUsers": this system knows no account "adda"',
      '"allowGroups": this system knows no group "ada"',
      '"denyUsers": this system knows no account "lab"',
      '"denyGroups": this system knows no group "labs"',
      '"environments.groups": this system knows no group "data-admins"',
    ],
  );
});

test('a list that is very long is looked up in part, and this is said', async () => {
  const found = await findings({ denyUsers: Array.from({ length: 101 }, () => 'ada') });
  assert.match(found[0]?.message ?? '', /first 100 of 101/);
  assert.equal(found.length, 1);
});
