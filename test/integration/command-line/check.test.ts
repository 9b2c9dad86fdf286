import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { expectParsed, parseJson, parserOf } from '../../../src/base/parse';
import { withDeadline } from '../../../src/base/time';
import { exitCodes } from '../../../src/protocol/command-line';
import { plainPamFile, PrivateSystem, type PrivateRunOptions } from '../../support/private-system';
import { freePort } from '../../support/free-ports';

const parseReport = parserOf(
  'report',
  v.object({
    isOk: v.boolean(),
    findings: v.array(
      v.object({
        subject: v.string(),
        level: v.picklist(['ok', 'warning', 'wrong']),
        message: v.string(),
        mend: v.exactOptional(v.string()),
      }),
    ),
  }),
);

const configurationFile = '/etc/remote-kernels/config.json';

async function check(system: PrivateSystem, options: PrivateRunOptions = {}) {
  const { code, stdout, stderr } = await system.run(
    system.nodePath,
    [system.programFile, 'check', '--json'],
    options,
  );
  assert.equal(stderr, '');
  const report = expectParsed(parseJson(stdout, parseReport));
  assert.equal(code, report.isOk ? exitCodes.ok : exitCodes.configuration);
  const wrong = report.findings.filter(({ level }) => level === 'wrong');
  return { code, wrong, findings: report.findings };
}

test('on a host in order nothing is wrong, and an ordinary user is told what they cannot see', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.write(configurationFile, '{"port": 0, "listen": ["localhost"]}');
  const asRoot = await check(system);
  assert.deepEqual(asRoot.wrong, []);
  assert.deepEqual(
    [...new Set(asRoot.findings.map(({ subject }) => subject))],
    [
      'configuration',
      'agents',
      'system user',
      'setpriv',
      'program',
      'folders',
      'PAM',
      'certificate',
      'clock',
      'port',
      'announcement',
    ],
  );
  await system.expect('mkdir', ['-m', '0700', '/var/lib/remote-kernels']);
  await system.expect('chmod', ['0600', configurationFile]);
  const asUser = await check(system, { user: 'ada' });
  assert.equal(asUser.code, 0);
  assert.deepEqual(
    asUser.findings
      .filter(({ mend }) => mend === 'sudo remote-kernels check')
      .map(({ subject, level }) => [subject, level]),
    [
      ['configuration', 'warning'],
      ['folders', 'warning'],
      ['certificate', 'warning'],
    ],
  );
  const ofUser = ({ subject }: { readonly subject: string }) => subject.startsWith('your ');
  assert.deepEqual(
    asUser.findings.filter(ofUser).map(({ subject, level }) => [subject, level]),
    [
      ['your daemon', 'ok'],
      ['your agent', 'ok'],
    ],
  );
  assert.deepEqual(asRoot.findings.filter(ofUser), []);
  const ownFolder = 'mkdir -p ~/.config/remote-kernels && cd ~/.config/remote-kernels';
  const write = `${ownFolder} && echo '{"allowUsers": ["ada"]}' > config.json && echo '{"maxKernel": 1}' > agent.json`;
  await system.expect('sh', ['-c', write], { user: 'ada' });
  const faulty = await check(system, { user: 'ada' });
  assert.deepEqual(
    faulty.wrong.map(({ subject, message }) => [subject, message.replace(/^.*\.config|[;(].*$/g, '')]),
    [
      [
        'your daemon',
        '/remote-kernels/config.json:1:2: "allowUsers" belongs to the daemon that root runs for all users ',
      ],
      ['your agent', '/remote-kernels/agent.json:1:2: there is no key "maxKernel"'],
    ],
  );
  assert.deepEqual((await check(system)).wrong, []);
  const nothingStarted = await system.processes();
  assert.deepEqual(nothingStarted, []);
});

test('all that is wrong is told at once, with places and commands that mend it', async (t) => {
  const system = await PrivateSystem.start(t, { hasSystemUser: false });
  if (system === undefined) return;
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const bound = other.address();
  assert.ok(bound !== null && typeof bound === 'object');
  await system.write(configurationFile, `{\n  "port": ${bound.port},\n  "listen": ["127.0.0.1"]\n}\n`);
  await system.write('/var/lib/remote-kernels/key.pem', 'damaged', '0644');
  await system.expect('chmod', ['0777', system.programFile]);
  const { code, wrong } = await check(system);
  assert.equal(code, exitCodes.configuration);
  const told = wrong.map(({ subject, mend }) => `${subject}: ${mend ?? ''}`);
  assert.deepEqual(told.slice(0, 3), [
    'system user: groupadd --system remote-kernels',
    'system user: useradd --system --gid remote-kernels --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin remote-kernels',
    `program: chmod go-w ${system.programFile}`,
  ]);
  assert.ok(told.includes('folders: chmod go= /var/lib/remote-kernels'), told.join('\n'));
  assert.ok(told.includes('PAM: remote-kernels install'));
  assert.ok(told.includes('certificate: chmod 600 /var/lib/remote-kernels/key.pem'));
  assert.ok(told.some((line) => line.startsWith('port: ss -lntp')));

  await system.write(configurationFile, '{\n  "prot": 7443,\n  "allowRoot": "no"\n}\n');
  const faulty = await check(system);
  assert.deepEqual(
    faulty.wrong.filter(({ subject }) => subject === 'configuration').map(({ message }) => message),
    [
      `${configurationFile}:2:3: there is no key "prot"; did you mean "port"?`,
      `${configurationFile}:3:16: "allowRoot": invalid type: expected boolean but received "no"`,
    ],
  );
});

test('without the part that calls PAM, or without PAM, both check and serve say so', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.write(configurationFile, '{"port": 0, "listen": ["localhost"], "announce": false}');
  const serve = () => system.run(system.nodePath, [system.programFile, 'serve', '--json']);
  const told = async (words: RegExp) => {
    const { wrong } = await check(system);
    assert.deepEqual(
      wrong.map(({ subject }) => subject),
      ['PAM'],
    );
    assert.match(wrong[0]?.message ?? '', words);
    const { code, stderr } = await serve();
    assert.equal(code, exitCodes.unavailable, stderr);
    assert.match(stderr, /nobody could sign in/);
    assert.match(stderr, words);
  };
  // The library is covered by an empty file, as on a system on which it is damaged or for another machine.
  const library = (
    await system.expect('sh', ['-c', "ldconfig -p | sed -n 's/.*libpam.so.0.* => //p' | head -1"])
  ).trim();
  await system.expect('mount', ['--bind', '/dev/null', library]);
  await told(/no PAM \(libpam\.so\.0\); install it: libpam0g/);
  await system.expect('umount', [library]);
  assert.deepEqual((await check(system)).wrong, []);
  const addons = dirname(system.programFile) + '/addons';
  await system.expect('sh', ['-c', `rm ${addons}/*/koffi.node`]);
  await told(/no part for calling PAM on this platform/);
});

test('the report for people names the level, the subject and what it comes to', async (t) => {
  const system = await PrivateSystem.start(t);
  if (system === undefined) return;
  await system.write(configurationFile, '{"port": 0, "announce": false}');
  const { code, stdout } = await system.run(system.nodePath, [system.programFile, 'check']);
  assert.equal(code, exitCodes.configuration);
  assert.match(stdout, /^ok {7}configuration {2}\/etc\/remote-kernels\/config\.json is right$/m);
  assert.match(
    stdout,
    /^wrong {4}PAM +there is no \/etc\/pam\.d\/remote-kernels.*\n +→ remote-kernels install$/m,
  );
  assert.match(stdout, /\n1 thing is wrong(; \d+ warnings?)?\.\n$/);
});

test('beside the running daemon nothing is wrong, and the port is its own', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const port = await freePort();
  await system.write(configurationFile, JSON.stringify({ port, listen: ['127.0.0.1'], announce: false }));
  const daemon = system.spawn(system.nodePath, [system.programFile, 'serve', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.ok(daemon.stdout !== null);
  await once(daemon.stdout, 'data', { signal: withDeadline(30_000, 'the daemon') });
  const { wrong, findings } = await check(system);
  assert.deepEqual(wrong, []);
  assert.match(
    findings.find(({ subject }) => subject === 'port')?.message ?? '',
    /held by the daemon that runs/,
  );
});
