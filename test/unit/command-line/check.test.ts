import assert from 'node:assert/strict';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { judgeServiceAccount, judgeSetpriv } from '../../../src/daemon/command-line/checking/check-accounts';
import {
  checkCertificate,
  judgeCertificate,
} from '../../../src/daemon/command-line/checking/check-certificate';
import { checkClock } from '../../../src/daemon/command-line/checking/check-clock';
import {
  checkAgentConfiguration,
  checkConfiguration,
} from '../../../src/daemon/command-line/checking/check-configuration';
import { isVirtualInterface, listNetworkInterfaces } from '../../../src/daemon/platform/network-interfaces';
import { checkAnnouncement, checkPort } from '../../../src/daemon/command-line/checking/check-network';
import { checkPam } from '../../../src/daemon/command-line/checking/check-pam';
import { hasPamModule } from '../../../src/daemon/command-line/checking/pam-modules';
import { checkFolderRights } from '../../../src/daemon/command-line/checking/check-rights';
import {
  doubtful,
  fine,
  formatFindings,
  wrong,
  type CheckedHost,
  type Finding,
} from '../../../src/daemon/command-line/checking/finding';
import { openCertificate } from '../../../src/daemon/front-door/certificate';
import { isRoot, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

const nowMs = Date.UTC(2026, 5, 1);
const dayMs = 24 * 60 * 60 * 1000;

async function hostIn(t: TestContext): Promise<CheckedHost> {
  const folder = await temporaryFolder(t);
  const at = (name: string) => join(folder, name);
  await mkdir(at('pam.d'));
  await mkdir(at('etc'));
  return {
    paths: { configuration: at('etc'), state: at('state'), run: at('run'), pamFolder: at('pam.d') },
    programFile: __filename,
    isRoot: true,
    nowMs,
  };
}

/** Everything below the folder of temporary files could be replaced by others, which is not what these tests are about. */
const pamSystem = {
  findUntrusted: () => Promise.resolve([]),
  hasModule: (name: string) => Promise.resolve(name !== 'pam_nosuch.so'),
};

const levels = (findings: readonly Finding[]) => findings.map(({ level }) => level);

test('the report has a line for each finding, the way to mend it below, and what it comes to', () => {
  const findings = [
    fine('clock', 'it is right'),
    doubtful('port', 'perhaps'),
    wrong('PAM', 'a line\nis missing', 'add it'),
  ];
  assert.equal(
    formatFindings(findings),
    [
      'ok       clock  it is right',
      'warning  port   perhaps',
      'wrong    PAM    a line␤is missing',
      '                → add it',
      '',
      '1 thing is wrong; 1 warning.',
    ].join('\n'),
  );
  assert.match(formatFindings([fine('clock', '')]), /\nNothing is wrong\.$/);
  assert.match(
    formatFindings([doubtful('clock', ''), doubtful('port', '')]),
    /\nNothing is wrong; 2 warnings\.$/,
  );
});

test('each problem of the configuration is a finding with its place', async (t) => {
  if (!requirePeer(t, 'root, who owns the file of the administrator', isRoot())) return;
  const host = await hostIn(t);
  const path = join(host.paths.configuration, 'config.json');
  const absent = await checkConfiguration(host);
  assert.deepEqual(levels(absent.findings), ['ok']);
  assert.equal(absent.value?.port, 7443);
  await writeFile(path, '{\n  "prot": 1,\n  "announce": 3\n}');
  const found = await checkConfiguration(host);
  assert.equal(found.value, undefined);
  assert.deepEqual(
    found.findings.map(({ level, message }) => [level, message.slice(path.length, path.length + 5)]),
    [
      ['wrong', ':2:3:'],
      ['wrong', ':3:15'],
    ],
  );
  await chmod(path, 0o666);
  const [open] = (await checkConfiguration(host)).findings;
  assert.equal(open?.mend, `chown root ${path} && chmod go-w ${path}`);
});

test("the administrator's file for agents is looked at as well", async (t) => {
  if (!requirePeer(t, 'root, who owns the file of the administrator', isRoot())) return;
  const host = await hostIn(t);
  assert.deepEqual(levels(await checkAgentConfiguration(host)), ['ok']);
  await writeFile(join(host.paths.configuration, 'agent.json'), '{"maxKernel": 1, "logLevel": 2}');
  assert.deepEqual(levels(await checkAgentConfiguration(host)), ['wrong', 'wrong']);
});

const pamCases: readonly [what: string, files: Readonly<Record<string, string>>, wrong: RegExp[]][] = [
  ['no file', {}, [/there is no .*remote-kernels;/]],
  ['both lines', { 'remote-kernels': 'auth required a.so\naccount required a.so\n' }, []],
  [
    'lines of included files',
    {
      'remote-kernels': '@include one\n@include two\n',
      one: 'auth required a.so\n',
      two: 'account required a.so\n',
    },
    [],
  ],
  [
    'an include that is not there',
    { 'remote-kernels': '@include common-nosuch\naccount required a.so\n' },
    [/remote-kernels:1: there is no common-nosuch to include/],
  ],
  [
    'lines of one kind of an included file',
    { 'remote-kernels': 'auth include one\n', one: 'auth required a.so\naccount required a.so\n' },
    [/no line for "account"/],
  ],
  [
    'files that include each other',
    { 'remote-kernels': '@include one\n', one: '@include remote-kernels\n' },
    [/files include each other/],
  ],
  ['an empty file', { 'remote-kernels': '' }, [/"auth"/, /"account"/]],
  [
    'a line that PAM cannot read',
    { 'remote-kernels': 'here is my PAM file\nauth required a.so\naccount required a.so\n' },
    [/remote-kernels:1: PAM cannot read this line/],
  ],
  [
    'a module that is not there',
    {
      'remote-kernels':
        'auth required pam_nosuch.so\naccount required a.so\nsession required pam_nosuch.so\n',
    },
    [/remote-kernels:1: this system has no module pam_nosuch\.so/],
  ],
];

const openPamCases: readonly [what: string, text: string, warning: RegExp][] = [
  [
    'asks for nothing',
    'auth required pam_permit.so\naccount required pam_permit.so\n',
    /by their name alone/,
  ],
  [
    'is content with a name first',
    'auth sufficient pam_permit.so\nauth required a.so\naccount required a.so\n',
    /:1: .*by their name alone/,
  ],
  [
    'passes over a module that is not there',
    'auth required a.so\n-auth required pam_nosuch.so\nauth optional pam_nosuch.so\naccount required a.so\n',
    /:3: .*no module pam_nosuch\.so, so the line does nothing/,
  ],
  [
    'passes over one in the way of Debian',
    'auth [success=1 default=ignore] pam_nosuch.so\nauth required a.so\naccount required a.so\n',
    /:1: .*no module pam_nosuch\.so, so the line does nothing/,
  ],
];

for (const [what, text, warning] of openPamCases) {
  test(`PAM that ${what} is a warning`, async (t) => {
    if (!requirePeer(t, 'root, who owns the files of PAM', isRoot())) return;
    const host = await hostIn(t);
    await writeFile(join(host.paths.pamFolder, 'remote-kernels'), text);
    const findings = await checkPam(host, pamSystem);
    assert.deepEqual(levels(findings), ['warning']);
    assert.match(findings[0]?.message ?? '', warning);
  });
}

test('the modules of PAM are found where this system has them', async (t) => {
  const isThere = await hasPamModule('pam_unix.so');
  if (!requirePeer(t, 'PAM with its modules', isThere && !(await hasPamModule('pam_nosuch.so')))) return;
  assert.equal(await hasPamModule('/nowhere/pam_unix.so'), false);
  assert.equal(await hasPamModule('/lib/security/$ISA/pam_unix.so'), true);
});

for (const [what, files, expected] of pamCases) {
  test(`PAM with ${what}: ${expected.length === 0 ? 'in order' : 'told'}`, async (t) => {
    if (!requirePeer(t, 'root, who owns the files of PAM', isRoot())) return;
    const host = await hostIn(t);
    for (const [name, text] of Object.entries(files)) await writeFile(join(host.paths.pamFolder, name), text);
    const findings = await checkPam(host, pamSystem);
    assert.deepEqual(levels(findings), expected.length === 0 ? ['ok'] : expected.map(() => 'wrong'));
    expected.forEach((message, at) => assert.match(findings[at]?.message ?? '', message));
  });
}

test('a PAM file that others can write is wrong', async (t) => {
  if (!requirePeer(t, 'root, who owns the files of PAM', isRoot())) return;
  const host = await hostIn(t);
  const path = join(host.paths.pamFolder, 'remote-kernels');
  await writeFile(path, 'auth required a.so\naccount required a.so\n');
  await chmod(path, 0o664);
  const [finding] = await checkPam(host, pamSystem);
  assert.equal(finding?.level, 'wrong');
  assert.match(finding.mend ?? '', /chmod go-w/);
});

test('folders and files of the daemon are wrong when others can look into them', async (t) => {
  if (!requirePeer(t, 'root, who owns the folders', isRoot())) return;
  const host = await hostIn(t);
  assert.deepEqual(levels(await checkFolderRights(host)), ['ok']);
  await mkdir(host.paths.state, { mode: 0o700 });
  const secret = join(host.paths.state, 'key.pem');
  await writeFile(secret, '', { mode: 0o600 });
  assert.deepEqual(levels(await checkFolderRights(host)), ['ok']);
  await chmod(secret, 0o640);
  assert.deepEqual(
    (await checkFolderRights(host)).map(({ mend }) => mend),
    [`chmod go= ${secret}`],
  );
  await chmod(host.paths.state, 0o711);
  await chmod(host.paths.configuration, 0o775);
  assert.deepEqual(
    (await checkFolderRights(host)).map(({ mend }) => mend),
    [`chmod go-w ${host.paths.configuration}`, `chmod go= ${host.paths.state}`],
  );
  const other = await hostIn(t);
  await symlink(host.paths.configuration, other.paths.state);
  assert.match((await checkFolderRights(other))[0]?.message ?? '', /is a link/);
});

test('a key that is damaged or known to others is wrong; without one there is nothing to mend', async (t) => {
  const host = await hostIn(t);
  assert.deepEqual(levels(await checkCertificate(host)), ['ok']);
  await openCertificate(host.paths.state, 'lab 7', nowMs);
  assert.deepEqual(levels(await checkCertificate(host)), ['ok']);
  const key = join(host.paths.state, 'key.pem');
  await chmod(key, 0o644);
  const [known] = await checkCertificate(host);
  assert.deepEqual([known?.level, known?.mend], ['wrong', `chmod 600 ${key}`]);
  await chmod(key, 0o600);
  await writeFile(key, 'damaged');
  const [damaged] = await checkCertificate(host);
  assert.equal(damaged?.level, 'wrong');
  assert.match(damaged.message, /damaged/);
  await rm(key);
  const [gone] = await checkCertificate(host);
  assert.equal(gone?.level, 'warning');
  assert.match(gone.message, /no key to it; at its next start the daemon makes another/);
  const [hidden] = await checkCertificate({ ...host, isRoot: false });
  assert.equal(hidden?.level, 'warning');
});

const certificates: readonly [fromDays: number, toDays: number, level: Finding['level'], message: RegExp][] =
  [
    [-10, 300, 'ok', /ends on 2027-03-28/],
    [-10, 20, 'warning', /in 20 days/],
    [-10, -1, 'wrong', /ended on 2026-05-31/],
    [2, 300, 'wrong', /not valid before 2026-06-03.*clock/],
  ];

for (const [fromDays, toDays, level, message] of certificates) {
  test(`an own certificate from day ${fromDays} to day ${toDays} is ${level}`, () => {
    const found = { isOwn: true, validFromMs: nowMs + fromDays * dayMs, validToMs: nowMs + toDays * dayMs };
    const [finding] = judgeCertificate(found, nowMs);
    assert.equal(finding?.level, level);
    assert.match(finding.message, message);
  });
}

test('a clock before 2024 is wrong', () => {
  assert.equal(checkClock(0).level, 'wrong');
  assert.equal(checkClock(Date.UTC(2023, 11, 31)).level, 'wrong');
  assert.equal(checkClock(Date.UTC(2024, 0, 1)).level, 'ok');
});

test('the user of the front door has no rights of root', () => {
  assert.equal(judgeServiceAccount('remote-kernels:x:998:997::/nonexistent:/usr/sbin/nologin\n').level, 'ok');
  assert.equal(judgeServiceAccount('remote-kernels:x:0:997::/:/bin/sh').level, 'wrong');
  assert.equal(judgeServiceAccount('remote-kernels:x:998:0::/:/bin/sh').level, 'wrong');
});

test('setpriv has to be there and know every option that takes rights away', () => {
  const help =
    '--clear-groups --init-groups --inh-caps --bounding-set --regid --reuid --no-new-privs --reset-env';
  assert.equal(judgeSetpriv(help).level, 'ok');
  assert.equal(judgeSetpriv(undefined).level, 'wrong');
  assert.match(judgeSetpriv(help.replace('--reset-env', '')).message, /does not know --reset-env/);
});

test('a port that another program holds is wrong, and only root can say whose it is', async (t) => {
  const host = await hostIn(t);
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  const { port } = bound;
  assert.deepEqual(levels(await checkPort(host, { port, listen: ['127.0.0.1'] })), ['wrong']);
  assert.deepEqual(levels(await checkPort({ ...host, isRoot: false }, { port, listen: ['127.0.0.1'] })), [
    'warning',
  ]);
  server.close();
  await once(server, 'close');
  const [free] = await checkPort(host, { port, listen: ['127.0.0.1'] });
  assert.deepEqual([free?.level, free?.message], ['ok', `${port} is free`]);
  assert.deepEqual(levels(await checkPort(host, { port: 0, listen: ['localhost'] })), ['ok']);
});

test('a port that the running daemon itself holds is in order', async (t) => {
  const host = await hostIn(t);
  const held = createServer().listen(0, '127.0.0.1');
  t.after(() => held.close());
  await once(held, 'listening');
  const bound = held.address();
  assert.ok(bound !== null && typeof bound === 'object');
  await mkdir(host.paths.run);
  const status = { pid: 4711, addresses: [`127.0.0.1:${bound.port}`] };
  const control = createHttpServer((_, response) => response.end(JSON.stringify(status)));
  control.listen(join(host.paths.run, 'control.sock'));
  t.after(() => control.close());
  await once(control, 'listening');
  const [finding] = await checkPort(host, { port: bound.port, listen: ['127.0.0.1'] });
  assert.equal(finding?.level, 'ok');
  assert.match(finding.message, /held by the daemon that runs \(process 4711\)/);
});

test('an address that the machine does not have is told by itself', async (t) => {
  const findings = await checkPort(await hostIn(t), { port: 0, listen: ['203.0.113.9', '127.0.0.1'] });
  assert.deepEqual(levels(findings), ['wrong']);
  assert.match(findings[0]?.message ?? '', /no address 203\.0\.113\.9/);
});

test('who announces the host is told', async (t) => {
  const avahiSocket = join(await temporaryFolder(t), 'avahi');
  const connect = () => Promise.reject(new Error('there is no message bus'));
  const check = (announce: boolean, listen: string[]) =>
    checkAnnouncement({ announce, listen }, { connect, avahiSocket });
  assert.match((await check(false, ['all'])).message, /not announced/);
  assert.match((await check(true, ['127.0.0.1'])).message, /own responder announces the host on \S+ only/);
  const address = listNetworkInterfaces()
    .filter(({ name, isLoopback }) => !isLoopback && !isVirtualInterface(name))
    .flatMap(({ addresses }) => addresses)[0]?.address;
  if (address === undefined) return;
  const alone = await check(true, [address]);
  assert.equal(alone.level, 'ok');
  assert.match(alone.message, /avahi-daemon does not run/);
  const server = createServer((connection) => connection.destroy()).listen(avahiSocket);
  t.after(() => server.close());
  await once(server, 'listening');
  const beside = await check(true, [address]);
  assert.equal(beside.level, 'warning');
  assert.match(beside.message, /cannot be reached: there is no message bus/);
});
