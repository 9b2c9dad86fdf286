import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passesOverMissing, readPamLines } from '../../../src/daemon/command-line/checking/pam-lines';

test('the lines of a PAM file are read as PAM reads them', () => {
  const text = [
    '# auth required pam_unix.so',
    '@include common-auth # the password',
    '-Auth optional \\',
    '  pam_x.so',
    'account [success=1 default=ignore] pam_unix.so',
    'auth required',
    'authx required pam_unix.so',
    'password include common-password',
    '',
  ].join('\r\n');
  const rule = { kind: 'rule', mayBeMissing: false };
  assert.deepEqual(readPamLines(text), [
    { kind: 'include', line: 2, name: 'common-auth' },
    { ...rule, line: 3, type: 'auth', control: 'optional', module: 'pam_x.so', mayBeMissing: true },
    { ...rule, line: 5, type: 'account', control: '[success=1 default=ignore]', module: 'pam_unix.so' },
    { kind: 'unreadable', line: 6 },
    { kind: 'unreadable', line: 7 },
    { kind: 'include', line: 8, name: 'common-password', type: 'password' },
  ]);
});

const controls: readonly (readonly [control: string, isPassedOver: boolean])[] = [
  ['required', false],
  ['requisite', false],
  ['sufficient', true],
  ['optional', true],
  ['[success=1 default=ignore]', true],
  ['[default=ignore success=1]', true],
  ['[ success = ok  default = ignore ]', true],
  ['[success=ok default=bad]', false],
  ['[success=ok default=die]', false],
  ['[default=1]', false],
  ['[success=ok ignore=ignore]', false],
  ['[success=ok module_unknown=ignore default=bad]', true],
  ['[module_unknown=bad default=ignore]', false],
];

test('a missing module is passed over where the control of its line says so', () => {
  for (const [control, isPassedOver] of controls)
    assert.equal(passesOverMissing(control), isPassedOver, control);
});
