import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { expectParsed, parseJson, parserOf } from '../../../src/base/parse';
import { requirePeer } from '../../support/peers';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { findDifferences, isAsDocumented, readDocumentedDifferences, type Properties } from './beside-ssh';
import { runCode } from './run-code';
import { startSshServer } from './ssh-server';
import { giveEnvironment, startKernel, startSystemDaemon } from './system-daemon';

const parseProperties = parserOf('properties', v.record(v.string(), v.string()));
const probe = join(__dirname, 'login-probe.py');

/**
 * How both servers are started: as services that are not quite usual, so that what a kernel has from the daemon shows. The shell writes the limit down, as
 * that of the systemd unit does; sshd has no use for it.
 */
const service = [
  'nice',
  '-n',
  '3',
  'choom',
  '-n',
  '150',
  '--',
  'prlimit',
  '--nofile=2000:9000',
  '--core=0:1000000',
  '--nproc=20000:30000',
  'sh',
  '-c',
  [
    'export REMOTE_KERNELS_OPEN_FILES=$(ulimit -S -n)',
    'trap "" HUP',
    // A service is not part of the login of whoever runs the tests.
    '{ echo 4294967295 >/proc/self/loginuid; } 2>/dev/null',
    'exec "$0" "$@"',
  ].join('; '),
];

/** What this test sets in files of which only one of the two takes notice, by the name of the property. */
const files: Properties = {
  'limit nofile': '/etc/security/limits.conf',
  'limit ofile': '/etc/security/limits.conf',
  'limit nproc': '/etc/security/limits.conf',
  'variable FROM_PAM_ENV': '/etc/security/pam_env.conf',
  'variable FROM_PROFILE': '~/.profile',
  'variable FROM_BASHRC': '~/.bashrc',
};

/** As the documentation calls a property. */
function documentedName(property: string): string {
  return files[property] ?? property.replace(/^variable /, '');
}

/** Sets one thing in each place from which logins take something. */
async function setUpLogins(system: PrivateSystem): Promise<void> {
  const append = (file: string, text: string) => system.expect('tee', ['-a', file], {}, text);
  await system.expect('groupadd', ['lab']);
  await system.expect('usermod', ['--append', '--groups', 'lab,staff', 'ada']);
  await append('/etc/security/limits.conf', '\nada - nofile 1500\nada hard nproc 25000\n');
  await append('/etc/security/pam_env.conf', '\nFROM_PAM_ENV DEFAULT=pam\n');
  await system.write('/etc/environment', 'FROM_ENVIRONMENT="for all"\n');
  await system.write('/etc/default/locale', 'LANG=C.UTF-8\nLC_TIME=C\n');
  await system.write('/home/ada/.profile', '. ~/.bashrc\nexport FROM_PROFILE=profile\n');
  await system.write(
    '/home/ada/.bashrc',
    'case $- in *i*) ;; *) return;; esac\nexport FROM_BASHRC=interactive\n',
  );
}

test(
  'a kernel differs from a command over ssh in what the documentation says, and in nothing else',
  { timeout: 240_000 },
  async (t) => {
    if (!requirePeer(t, 'sshd of OpenSSH', existsSync('/usr/sbin/sshd'))) return;
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    await setUpLogins(system);
    await giveEnvironment(system, 'ada');
    const code = await readFile(probe, 'utf8');
    await system.write('/usr/local/share/login-probe.py', code);

    const ssh = await startSshServer(system, ['ada'], service);
    const answer = await ssh.run('ada', '/usr/bin/python3 /usr/local/share/login-probe.py');
    assert.equal(answer.code, 0, answer.stderr);
    const overSsh = expectParsed(parseJson(answer.stdout, parseProperties));
    const daemon = await startSystemDaemon(system, [], { wrapper: service });
    const ada = await daemon.signedIn('ada', people.ada);
    const kernelId = await startKernel(daemon, ada.token);
    const printed = await runCode(daemon.port, ada.token, kernelId, code);
    const inKernel = expectParsed(parseJson(printed, parseProperties));

    const found = findDifferences(overSsh, inKernel);
    for (const name of found) t.diagnostic(`${name}: ${overSsh[name] ?? '-'} | ${inKernel[name] ?? '-'}`);
    const documented = await readDocumentedDifferences();
    assert.deepEqual(
      [...new Set(found.map(documentedName))].sort(),
      [...new Set(documented.map(({ name }) => name))].sort(),
    );
    for (const property of found) {
      const row = documented.find(({ name }) => name === documentedName(property));
      // A limit is always there; which one it is stands below.
      if (row === undefined || property.startsWith('limit ')) continue;
      assert.ok(isAsDocumented(row.overSsh, overSsh[property]), `${property} over ssh: ${row.overSsh}`);
      assert.ok(isAsDocumented(row.inKernel, inKernel[property]), `${property} in a kernel: ${row.inKernel}`);
    }
    // What would be no difference also if the probe saw nothing.
    const expected: Properties = {
      'limit nofile': '(2000, 9000)',
      'limit nproc': '(20000, 30000)',
      'limit core': '(0, 1000000)',
      umask: '0022',
      nice: '3',
      oom_score_adj: '150',
      'working directory': '/home/ada',
      'variable FROM_ENVIRONMENT': 'for all',
      'variable LC_TIME': 'C',
      'variable USER': 'ada',
      'variable LOGNAME': 'ada',
      'variable SHELL': '/bin/bash',
      NoNewPrivs: '0',
      CapEff: '0000000000000000',
      dumpable: '1',
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(inKernel[name], value, name);
    assert.equal(overSsh['limit nofile'], '(1500, 1500)');
    assert.match(inKernel['session keyring'] ?? '', /_ses keyring;.*_uid\.\d+$/);
    assert.match(inKernel['groups'] ?? '', /^\[\d+, \d+, \d+\]$/);
  },
);
