import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import type { CredentialAnswer } from '../../../src/daemon/supervisor/credential-checker';
import { hasProgram, requirePeer } from '../../support/peers';
import { PrivateSystem, people, plainPamFile } from '../../support/private-system';
import { startPamDriver, type PamDriver } from './pam-driver-client';

interface Stage {
  readonly system: PrivateSystem;
  readonly pam: PamDriver;
}

async function stage(t: TestContext, pamFile: string | undefined = plainPamFile): Promise<Stage | undefined> {
  const system = await PrivateSystem.start(t, pamFile === '' ? {} : { pamFile });
  return system === undefined ? undefined : { system, pam: startPamDriver(system) };
}

function assertRefused(answer: CredentialAnswer, reason: RegExp): void {
  assert.equal(answer.kind, 'refused', JSON.stringify(answer));
  assert.match(answer.reason, reason);
}

function expectMore(answer: CredentialAnswer, prompt: RegExp): string {
  assert.equal(answer.kind, 'more', JSON.stringify(answer));
  assert.match(answer.prompts.at(-1)?.text ?? '', prompt);
  return answer.conversation;
}

test('the right password signs in, and the reason of every refusal is for the log', async (t) => {
  const all = await stage(t);
  if (all === undefined) return;
  const { system, pam } = all;
  const password = 'Carol-1990!x';
  await system.addAccount({ name: 'locked', password, isLocked: true });
  await system.addAccount({ name: 'expired', password, isExpired: true });
  await system.addAccount({ name: 'shell-less', password, shell: '/usr/sbin/nologin' });

  assert.deepEqual(await pam.begin('ada', people.ada), { kind: 'accepted', username: 'ada' });
  assertRefused(await pam.begin('ada', people.bob), /^authenticate: .*\(PAM 7\)$/);
  assertRefused(await pam.begin('nobody-here', password), /^authenticate: .*\(PAM 10\)$/);
  assertRefused(await pam.begin('locked', password), /^authenticate: .*\(PAM 7\)$/);
  assertRefused(await pam.begin('expired', password), /^account: .*expired.*\(PAM 13\)$/);
  assertRefused(await pam.begin('shell-less', password), /^account: /);
  assertRefused(await pam.begin('ada', ''), /^authenticate: /);
});

test('PAM itself waits after no mistake, however long a module wants to: the supervisor makes all refusals wait alike', async (t) => {
  const all = await stage(t, `auth optional pam_faildelay.so delay=600000000\n${plainPamFile}`);
  if (all === undefined) return;
  const { pam } = all;
  // Ten minutes would end the child first.
  assertRefused(await pam.begin('ada', people.bob), /^authenticate: .*\(PAM 7\)$/);
  assertRefused(await pam.begin('nobody-here', people.bob), /^authenticate: .*\(PAM 10\)$/);
});

test('a password that has to be changed is asked for, with the words of PAM, and is changed', async (t) => {
  const all = await stage(t);
  if (all === undefined) return;
  const { system, pam } = all;
  const [before, after] = ['Old-1990!x', 'Fresh-2031-zebra!'];
  await system.addAccount({ name: 'carol', password: before, mustChange: true });

  const asked = await pam.begin('carol', before);
  const first = expectMore(asked, /required to change your password[^]*Current password: $/);
  const second = expectMore(await pam.continue(first, 'carol', before), /^New password: $/);
  const third = expectMore(await pam.continue(second, 'carol', after), /^Retype new password: $/);
  assert.deepEqual(await pam.continue(third, 'carol', after), { kind: 'accepted', username: 'carol' });

  assert.deepEqual(await pam.begin('carol', after), { kind: 'accepted', username: 'carol' });
  assertRefused(await pam.begin('carol', before), /^authenticate: /);
});

test('a mistyped repetition of the fresh password is told, and asked for again until the third time', async (t) => {
  const all = await stage(t);
  if (all === undefined) return;
  const { system, pam } = all;
  const [before, after] = ['Old-1990!x', 'Fresh-2031-zebra!'];
  await system.addAccount({ name: 'carol', password: before, mustChange: true });

  let answer = await pam.begin('carol', before);
  for (let tries = 1; tries <= 3; tries += 1) {
    const first = expectMore(
      answer,
      tries === 1 ? /Current password: $/ : /do not match[^]*Current password: $/,
    );
    const second = expectMore(await pam.continue(first, 'carol', before), /^New password: $/);
    const third = expectMore(await pam.continue(second, 'carol', after), /^Retype new password: $/);
    answer = await pam.continue(third, 'carol', 'Fresh-2031-zebro!');
  }
  assertRefused(answer, /^change-password: .*do not match/);
  expectMore(await pam.begin('carol', before), /Current password: $/);
});

test('without a file of its own the service is refused, also where PAM would let everybody pass', async (t) => {
  const all = await stage(t, '');
  if (all === undefined) return;
  const { system, pam } = all;
  await system.write('/etc/pam.d/other', 'auth required pam_permit.so\naccount required pam_permit.so\n');

  assertRefused(await pam.begin('ada', people.ada), /^start: \/etc\/pam\.d\/remote-kernels is missing/);
  await assert.rejects(pam.checkAccount('ada'), /remote-kernels is missing/);
});

test('a second factor is asked for after the password, and a wrong one is refused', async (t) => {
  const isThere = hasProgram('google-authenticator') && hasProgram('oathtool');
  if (!requirePeer(t, 'libpam-google-authenticator with oathtool', isThere)) return;
  const secondFactor = 'auth required pam_google_authenticator.so\n';
  const all = await stage(t, plainPamFile.replace('\n', `\n${secondFactor}`));
  if (all === undefined) return;
  const { system, pam } = all;
  const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEH';
  await system.write('/home/ada/.google_authenticator', `${secret}\n" TOTP_AUTH\n" WINDOW_SIZE 5\n`, '0400');
  await system.expect('chown', ['ada:ada', '/home/ada/.google_authenticator']);

  const wrong = expectMore(await pam.begin('ada', people.ada), /Verification code: $/);
  assertRefused(await pam.continue(wrong, 'ada', '000000'), /^authenticate: /);

  const conversation = expectMore(await pam.begin('ada', people.ada), /Verification code: $/);
  const code = (await system.expect('oathtool', ['--totp', '-b', secret])).trim();
  assert.deepEqual(await pam.continue(conversation, 'ada', code), { kind: 'accepted', username: 'ada' });
});

test('where the second factor comes first it does not get the password, which is used when it is asked for', async (t) => {
  const isThere = hasProgram('google-authenticator') && hasProgram('oathtool');
  if (!requirePeer(t, 'libpam-google-authenticator with oathtool', isThere)) return;
  const all = await stage(t, `auth required pam_google_authenticator.so\n${plainPamFile}`);
  if (all === undefined) return;
  const { system, pam } = all;
  const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEH';
  await system.write('/home/ada/.google_authenticator', `${secret}\n" TOTP_AUTH\n" WINDOW_SIZE 5\n`, '0400');
  await system.expect('chown', ['ada:ada', '/home/ada/.google_authenticator']);
  const signIn = async (password: string) => {
    const conversation = expectMore(await pam.begin('ada', password), /Verification code: $/);
    const code = (await system.expect('oathtool', ['--totp', '-b', secret])).trim();
    return pam.continue(conversation, 'ada', code);
  };
  assertRefused(await signIn('not hers'), /^authenticate: /);
  assert.deepEqual(await signIn(people.ada), { kind: 'accepted', username: 'ada' });
});

test('an account that was locked or has expired since is not usable any more', async (t) => {
  const all = await stage(t);
  if (all === undefined) return;
  const { system, pam } = all;

  assert.deepEqual(await pam.checkAccount('ada'), { kind: 'accepted', username: 'ada' });
  await system.expect('usermod', ['-L', 'ada']);
  assertRefused(await pam.checkAccount('ada'), /locked/);
  await system.expect('usermod', ['-U', 'ada']);
  assert.deepEqual(await pam.checkAccount('ada'), { kind: 'accepted', username: 'ada' });
  await system.expect('chage', ['-E', '1', 'ada']);
  assertRefused(await pam.checkAccount('ada'), /expired/);
  await system.expect('usermod', ['-s', '/usr/sbin/nologin', 'bob']);
  assertRefused(await pam.checkAccount('bob'), /^account: /);
});

test('what keeps an account out for a while is told from what ends its sign-ins', async (t) => {
  const all = await stage(t, `account required pam_nologin.so\n${plainPamFile}`);
  if (all === undefined) return;
  const { system, pam } = all;
  const canPass = async (name: string) => {
    const answer = await pam.checkAccount(name);
    return answer.kind === 'refused' ? answer.canPass === true : answer.kind;
  };
  assert.equal(await canPass('ada'), 'accepted');
  await system.write('/run/nologin', 'The system is booting up.\n');
  assert.equal(await canPass('ada'), true);
  await system.expect('rm', ['/run/nologin']);
  assert.equal(await canPass('ada'), 'accepted');
  await system.expect('usermod', ['-L', 'ada']);
  await system.expect('chage', ['-E', '1', 'bob']);
  await system.expect('chage', ['-d', '0', 'eve']);
  for (const name of ['ada', 'bob', 'eve']) assert.equal(await canPass(name), false, name);
  assert.notEqual(await canPass('nobody-here'), true);
});

const rulesAboutAddresses: readonly [
  what: string,
  rule: string,
  allowed: readonly string[],
  denied: readonly string[],
][] = [
  [
    'denies an IPv6 network',
    '- : ALL : 2001:db8:1::/48',
    ['2001:db8:2:3::5', '192.0.2.7', 'fe80::1'],
    ['2001:db8:1:2::5', '2001:db8:1:ffff::1'],
  ],
  [
    'allows only some networks',
    '- : ALL : ALL EXCEPT 2001:db8:1::/48 192.0.2.0/24 fe80::/10',
    ['2001:db8:1:2::5', '192.0.2.7', 'fe80::1'],
    ['2001:db8:2:3::5', '198.51.100.7', '::1', ''],
  ],
];

for (const [what, rule, allowed, denied] of rulesAboutAddresses) {
  test(`a rule of pam_access that ${what} means the same at the sign-in and later`, async (t) => {
    const all = await stage(t, `${plainPamFile}account required pam_access.so\n`);
    if (all === undefined) return;
    const { system, pam } = all;
    await system.write('/etc/security/access.conf', `${rule}\n`);
    const accepted = { kind: 'accepted', username: 'ada' };
    for (const address of allowed) {
      assert.deepEqual(await pam.beginFrom(address, 'ada', people.ada), accepted, address);
      assert.deepEqual(await pam.checkAccount('ada', address), accepted, address);
    }
    for (const address of denied) {
      if (address !== '')
        assertRefused(await pam.beginFrom(address, 'ada', people.ada), /^account: .*\(PAM 6\)$/);
      assertRefused(await pam.checkAccount('ada', address), /^account: .*\(PAM 6\)$/);
    }
  });
}

test('while a child waits for a person the password is in no argument and environment, and no core file can hold it', async (t) => {
  const all = await stage(t);
  if (all === undefined) return;
  const { system, pam } = all;
  const canary = 'Canary-7f3a91c0-zebra!';
  await system.addAccount({ name: 'carol', password: canary, mustChange: true });
  expectMore(await pam.begin('carol', canary), /Current password: $/);

  const children = (await system.processes()).filter(({ command }) => command.endsWith(' pam'));
  assert.equal(children.length, 1);
  const [child] = children;
  assert.match(await readFile(`/proc/${child?.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
  assert.match(
    await readFile(`/proc/${child?.pid}/limits`, 'utf8'),
    /^Max data size +536870912 +536870912 /m,
  );
  const environment = await readFile(`/proc/${child?.pid}/environ`, 'utf8');
  assert.deepEqual(
    environment
      .split('\0')
      .filter(Boolean)
      .map((text) => text.split('=')[0])
      .sort(),
    ['LANG', 'PATH'],
  );
  let seen = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const file of ['cmdline', 'environ']) {
      const text = await readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => undefined);
      if (text === undefined) continue;
      seen += 1;
      assert.ok(!text.includes(canary), `/proc/${pid}/${file} shows the password`);
    }
  }
  assert.ok(seen > 10);
});

test('an account is read with its groups, by name and by number, and a name that is none finds nothing', async (t) => {
  const all = await stage(t);
  if (all === undefined) return;
  const { system, pam } = all;
  const uid = await system.addAccount({ name: 'carol', password: 'Carol-1990!x', groups: ['lab'] });

  const expected = { name: 'carol', uid, gid: uid, home: '/home/carol', shell: '/bin/bash' };
  assert.deepEqual(await pam.account('carol'), { ...expected, groups: ['carol', 'lab'] });
  assert.deepEqual(await pam.account(uid), { ...expected, groups: ['carol', 'lab'] });
  assert.equal((await pam.account('root'))?.uid, 0);
  for (const who of ['nobody-here', `${uid}`, '-1', '--help', 'a b', 'carol\nroot', '', 59_999])
    assert.equal(await pam.account(who), null, String(who));
});
