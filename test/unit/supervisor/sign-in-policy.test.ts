import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { readLoginShells } from '../../../src/daemon/supervisor/login-shells';
import { judgeAccount, type SignInPolicy } from '../../../src/daemon/supervisor/sign-in-policy';
import { temporaryFolder } from '../../support/temporary-folder';
import { account } from './support/many-users';

const plain: SignInPolicy = { minimumUid: 1000, allowRoot: false, denyUsers: [], denyGroups: [] };
const shells = new Set(['/bin/sh', '/bin/bash', '/usr/sbin/nologin']);
const root = account('root', { uid: 0, gid: 0, groups: ['root'] });
const ada = account('ada', { groups: ['ada', 'students', 'video'] });

const cases: readonly [
  what: string,
  who: typeof ada,
  policy: Partial<SignInPolicy>,
  reason: RegExp | undefined,
][] = [
  ['an ordinary account', ada, {}, undefined],
  ['root', root, {}, /allowRoot/],
  ['root where it is allowed', root, { allowRoot: true }, undefined],
  ['root where it is allowed and denied', root, { allowRoot: true, denyUsers: ['root'] }, /denyUsers/],
  ['root where another is allowed', root, { allowRoot: true, allowUsers: ['ada'] }, /allowUsers/],
  ['root where every number is allowed', root, { minimumUid: 0 }, /allowRoot/],
  ['a system account', account('www-data', { uid: 33 }), {}, /minimumUid/],
  ['the account below the first', account('x', { uid: 999 }), {}, /minimumUid/],
  ['the first account', account('x', { uid: 1000 }), {}, undefined],
  ['a system account where such are allowed', account('svc', { uid: 33 }), { minimumUid: 1 }, undefined],
  [
    'a system account in allowUsers',
    account('www-data', { uid: 33 }),
    { allowUsers: ['www-data'] },
    /minimumUid/,
  ],
  ['an account in allowUsers', ada, { allowUsers: ['bob', 'ada'] }, undefined],
  ['an account not in allowUsers', ada, { allowUsers: ['bob'] }, /neither/],
  ['an account where nobody is allowed', ada, { allowUsers: [] }, /neither/],
  ['a name in another case', ada, { allowUsers: ['Ada'] }, /neither/],
  ['a member of allowGroups', ada, { allowGroups: ['students'] }, undefined],
  ['nobody of allowGroups', ada, { allowGroups: ['staff'] }, /neither/],
  [
    'an account of the one list and not the other',
    ada,
    { allowUsers: ['bob'], allowGroups: ['video'] },
    undefined,
  ],
  ['an account in denyUsers', ada, { denyUsers: ['ada'] }, /denyUsers/],
  ['an account allowed and denied', ada, { allowUsers: ['ada'], denyUsers: ['ada'] }, /denyUsers/],
  ['a member of denyGroups', ada, { denyGroups: ['video'] }, /video is in denyGroups/],
  ['an allowed account in denyGroups', ada, { allowUsers: ['ada'], denyGroups: ['students'] }, /denyGroups/],
  ['a shell that is not listed', account('x', { shell: '/bin/zsh' }), {}, /not a login shell/],
  ['nologin, though listed', account('x', { shell: '/usr/sbin/nologin' }), {}, /not a login shell/],
  ['no shell at all, which is sh', account('x', { shell: '' }), {}, undefined],
];

for (const [what, who, policy, reason] of cases) {
  test(`${what} is ${reason === undefined ? 'allowed' : `denied, for ${reason.source}`}`, () => {
    const verdict = judgeAccount(who, { ...plain, ...policy }, shells);
    assert.equal(verdict.isAllowed, reason === undefined);
    if (!verdict.isAllowed && reason !== undefined) assert.match(verdict.reason, reason);
  });
}

test('login shells are the paths of /etc/shells, and sh and csh where there is no such file', async (t) => {
  const file = join(await temporaryFolder(t), 'shells');
  assert.deepEqual([...(await readLoginShells(file))], ['/bin/sh', '/bin/csh']);
  await writeFile(file, '# list\n/bin/sh\n\n /bin/bash # usual\nzsh\n');
  assert.deepEqual([...(await readLoginShells(file))], ['/bin/sh', '/bin/bash']);
});
