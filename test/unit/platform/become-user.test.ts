import assert from 'node:assert/strict';
import test from 'node:test';
import { describeRightsLeft, parseUserNumbers } from '../../../src/daemon/platform/become-user';

const none = '0000000000000000';

/** The lines of a thread of user 990 and group 991 without rights, or with others in their place. */
function statusWith(lines: Readonly<Record<string, string | undefined>>): string {
  const usual: Readonly<Record<string, string | undefined>> = {
    Uid: '990\t990\t990\t990',
    Gid: '991\t991\t991\t991',
    Groups: ' ',
    ...{ CapInh: none, CapPrm: none, CapEff: none, CapBnd: '00000000000000c0', CapAmb: none },
    NoNewPrivs: '1',
  };
  const all = Object.entries({ ...usual, ...lines }).filter(([, words]) => words !== undefined);
  return ['Name:\tUid:\t0', ...all.map(([name, words]) => `${name}:\t${words ?? ''}`), ''].join('\n');
}

const cases: readonly [what: string, lines: Readonly<Record<string, string | undefined>>, left?: string][] = [
  ['a thread without rights', {}],
  ['one whose only group is its own', { Groups: '991 ' }],
  ['one that is root', { Uid: '0\t0\t0\t0' }, 'Uid'],
  ['one that can be root again', { Uid: '990\t990\t0\t990' }, 'Uid'],
  ['one that reads files as root', { Uid: '990\t990\t990\t0' }, 'Uid'],
  ['one of the group of root', { Gid: '0\t0\t0\t0' }, 'Gid'],
  ['one with a group of root', { Groups: '0 991' }, 'Groups'],
  ['one with capabilities that it uses', { CapEff: '00000000000000c0' }, 'CapEff'],
  ['one with capabilities that it may use', { CapPrm: '0000000000000080' }, 'CapPrm'],
  ['one that passes capabilities on', { CapInh: '0000000000000080' }, 'CapInh'],
  ['one that passes capabilities on to any program', { CapAmb: '0000000000000080' }, 'CapAmb'],
  ['one that can gain rights by a program', { NoNewPrivs: '0' }, 'NoNewPrivs'],
  ['one of which the system does not say who it is', { Uid: undefined }, 'Uid'],
  ['one of which the system does not say its groups', { Groups: undefined }, 'Groups'],
  ['one of which the system does not say what it can', { CapEff: undefined }, 'CapEff'],
];

for (const [what, lines, left] of cases)
  test(`${what} ${left === undefined ? 'passes' : `is found by ${left}`}`, () => {
    assert.equal(describeRightsLeft(statusWith(lines), { uid: 990, gid: 991 }), left);
  });

test('only numbers of a user and a group other than root’s are taken', () => {
  assert.deepEqual(parseUserNumbers('990:991'), { uid: 990, gid: 991 });
  for (const word of [
    '',
    '0:991',
    '990:0',
    '990',
    '990:',
    ':991',
    '-1:991',
    '990:4294967295',
    'ada:991',
    ' 990:991',
  ])
    assert.equal(parseUserNumbers(word), undefined, word);
});
