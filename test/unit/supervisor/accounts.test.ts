import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isAccountName,
  namesOfUser,
  parseGroupNames,
  parsePasswdLine,
  readAccount,
} from '../../../src/daemon/supervisor/accounts';
import { isLockedField } from '../../../src/daemon/supervisor/pam-shadow';

test('names that systems and domains give are account names, and what could be taken for anything else is not', () => {
  const names = ['ada', '_apt', 'a.b-c', 'ada@lab.example', 'LAB\\ada', '1ada', 'host$', 'x'.repeat(255)];
  for (const name of names) assert.ok(isAccountName(name), name);
  const others = [
    '',
    '-1',
    '--help',
    '1000',
    'a b',
    'a:b',
    'a\nb',
    'a\0',
    'a/b',
    '.',
    '@lab',
    'é',
    'x'.repeat(257),
  ];
  for (const name of others) assert.ok(!isAccountName(name), JSON.stringify(name));
});

test('a name that is none is not asked about: there is no such account', async () => {
  const signal = AbortSignal.timeout(5_000);
  for (const who of ['--version', '0', '', -1, 1.5, Number.NaN, 0xff_ff_ff_ff, 0x1_00_00_00_00])
    assert.equal(await readAccount(who, signal), undefined, String(who));
});

test('a line of passwd is read whole or not at all', () => {
  assert.deepEqual(parsePasswdLine('ada:x:1001:1002:Ada,,,:/home/ada:/bin/zsh'), {
    name: 'ada',
    uid: 1001,
    gid: 1002,
    home: '/home/ada',
    shell: '/bin/zsh',
  });
  assert.equal(parsePasswdLine('ada:x:4294967294:1002::/home/ada:/bin/sh')?.uid, 4_294_967_294);
  assert.equal(parsePasswdLine('ada:x:1001:1002::/home/ada:')?.shell, '/bin/sh');
  const broken = [
    '',
    'ada',
    'ada:x:1001:1002::/home/ada',
    'ada:x:1001:1002::/home/ada:/bin/sh:more',
    'ada:x::1002::/home/ada:/bin/sh',
    'ada:x:-1:1002::/home/ada:/bin/sh',
    'ada:x:1e3:1002::/home/ada:/bin/sh',
    'ada:x:1001:x::/home/ada:/bin/sh',
    'ada:x:1001:1002::home:/bin/sh',
    'ada:x:1001:1002::/home/ada:sh',
    ':x:1001:1002::/home/ada:/bin/sh',
    // The number that means no user: a program that is told to become it stays root.
    'ada:x:4294967295:1002::/home/ada:/bin/sh',
    'ada:x:1001:4294967295::/home/ada:/bin/sh',
    'ada:x:4294967296:1002::/home/ada:/bin/sh',
  ];
  for (const line of broken) assert.equal(parsePasswdLine(line), undefined, line);
});

test('all names of a number are found, and lines that are none are left out', () => {
  const text =
    'root:x:0:0::/root:/bin/sh\nfront:x:990:990::/x:/bin/sh\n#front\n\nada:x:990:1::/home/ada:/bin/sh\n';
  assert.deepEqual(namesOfUser(990, text), ['front', 'ada']);
  assert.deepEqual(namesOfUser(991, text), []);
});

test('groups keep names with spaces, and lines that are none are left out', () => {
  assert.deepEqual(parseGroupNames('lab:x:1005:ada,bob\ndomain users:*:70001:\nnonsense\n\n'), [
    'lab',
    'domain users',
  ]);
});

test('a password is locked when a hash stands behind the mark, not when there is none at all', () => {
  for (const field of ['!$y$j9T$abc', '!!$6$abc', '!abc']) assert.ok(isLockedField(field), field);
  for (const field of ['', '!', '!!', '*', '!*', 'x', '$y$j9T$abc']) assert.ok(!isLockedField(field), field);
});
