import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { until, withDeadline } from '../../../src/base/time';
import { pinOf } from '../../../src/protocol/pin';
import { PrivateSystem } from '../../support/private-system';
import { listFiles, listTraces } from '../../support/private-system-traces';

function runDaemon(system: PrivateSystem, ...words: readonly string[]) {
  return system.run(system.nodePath, [system.programFile, ...words]);
}

/** The pin of the certificate that a daemon of this machine shows. */
async function pinServedAt(port: number): Promise<string> {
  const socket = connect({ port, host: 'localhost', rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal: withDeadline(60_000, 'TLS') });
    const { raw } = socket.getPeerCertificate();
    return pinOf(new X509Certificate(raw).publicKey);
  } finally {
    socket.destroy();
  }
}

test('an installation is whole, a second one changes nothing, and an uninstallation leaves no trace', async (t) => {
  const system = await PrivateSystem.start(t, { hasSystemUser: false });
  if (system === undefined) return;
  const before = await listTraces(system);

  const shown = await runDaemon(system, 'install', '--dry-run');
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stderr, /would make the system user remote-kernels/);
  assert.deepEqual(await listTraces(system), before);

  const unasked = await runDaemon(system, 'install');
  assert.equal(unasked.code, 64);
  assert.match(unasked.stderr, /nothing was changed.*--yes/);
  assert.deepEqual(await listTraces(system), before);

  const first = await runDaemon(system, 'install', '--yes', '--no-start');
  assert.equal(first.code, 0, first.stderr);
  const rights = await system.expect('stat', [
    ...[
      '-c',
      '%a %U %n',
      '/var/lib/remote-kernels',
      '/var/lib/remote-kernels/key.pem',
      '/etc/pam.d/remote-kernels',
    ],
    ...['/etc/remote-kernels/config.json', '/etc/init.d/remote-kernels', '/opt/remote-kernels/daemon.js'],
    '/opt/remote-kernels/daemon-program.js',
  ]);
  assert.deepEqual(rights.trim().split('\n'), [
    '700 root /var/lib/remote-kernels',
    '600 root /var/lib/remote-kernels/key.pem',
    '644 root /etc/pam.d/remote-kernels',
    '644 root /etc/remote-kernels/config.json',
    '755 root /etc/init.d/remote-kernels',
    '644 root /opt/remote-kernels/daemon.js',
    '644 root /opt/remote-kernels/daemon-program.js',
  ]);
  assert.match(
    await system.expect('getent', ['passwd', 'remote-kernels']),
    /:\/nonexistent:\/usr\/sbin\/nologin$/m,
  );
  const version = await system.expect('remote-kernels', ['--version'], { user: 'ada' });
  assert.equal(version, (await runDaemon(system, '--version')).stdout);
  const pin = first.stderr.match(/(?:[0-9a-f]{4} ?){8}/g);
  assert.equal(pin?.length, 2);
  assert.ok((await system.expect('remote-kernels', ['certificate', 'show'])).includes(pin[0]));

  const stopped = await system.run('remote-kernels', ['status']);
  assert.equal(stopped.code, 69);
  assert.match(
    stopped.stderr,
    /daemon for all users .* not run; start it with: \/etc\/init\.d\/remote-kernels start/,
  );

  const installed = await listFiles(system);
  const second = await runDaemon(system, 'install', '--yes', '--no-start');
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /nothing to change/);
  const third = await system.run('remote-kernels', ['install', '--yes', '--no-start']);
  assert.match(third.stderr, /nothing to change/);
  assert.deepEqual(await listFiles(system), installed);

  const removed = await system.run('remote-kernels', ['uninstall', '--yes']);
  assert.equal(removed.code, 0, removed.stderr);
  assert.deepEqual(await listTraces(system), before);
  const again = await runDaemon(system, 'uninstall', '--yes');
  assert.equal(again.code, 66);
  assert.match(again.stderr, /nothing was installed/);
});

test('what an administrator had before is used, kept, and there after the uninstallation', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: 'auth required pam_deny.so\n' });
  if (system === undefined) return;
  await system.write('/etc/remote-kernels/config.json', '{ "announce": false }\n');
  await system.expect('mkdir', ['-p', '/usr/local/lib/node_modules/elsewhere']);
  await system.expect('ln', ['-s', '../lib/node_modules/elsewhere', '/usr/local/bin/remote-kernels']);
  const before = await listTraces(system);

  const words = ['install', '--yes', '--no-start', '--with-node'];
  const installed = await runDaemon(system, ...words);
  assert.equal(installed.code, 0, installed.stderr);
  assert.match(
    await system.expect('cat', ['/opt/remote-kernels/bin/remote-kernels']),
    /opt\/remote-kernels\/bin\/node/,
  );
  await system.expect('remote-kernels', ['--version'], { user: 'bob' });
  assert.equal(await system.expect('cat', ['/etc/pam.d/remote-kernels']), 'auth required pam_deny.so\n');
  assert.equal(await system.expect('cat', ['/etc/remote-kernels/config.json']), '{ "announce": false }\n');

  const removed = await system.run('remote-kernels', ['uninstall', '--yes']);
  assert.equal(removed.code, 0, removed.stderr);
  assert.deepEqual(await listTraces(system), before);
});

test('an account of a person is not taken for the system user, and nothing is changed then', async (t) => {
  const system = await PrivateSystem.start(t, { hasSystemUser: false });
  if (system === undefined) return;
  await system.expect('useradd', ['--uid', '54321', '--shell', '/bin/bash', 'remote-kernels']);
  const before = await listTraces(system);
  const { code, stderr } = await runDaemon(system, 'install', '--yes', '--no-start');
  assert.equal(code, 69, stderr);
  assert.match(stderr, /nothing was changed:\n.*account of a person \(user 54321, shell \/bin\/bash\)/);
  assert.deepEqual(await listTraces(system), before);
});

test('the installation starts the daemon, the init script controls it, and it takes a certificate that is put in while it runs', async (t) => {
  const system = await PrivateSystem.start(t, { hasSystemUser: false });
  if (system === undefined) return;
  const configuration = '{ "port": 0, "listen": ["localhost"], "announce": false }\n';
  await system.write('/etc/remote-kernels/config.json', configuration);
  const before = await listTraces(system);
  const service = (action: string) => system.run('/etc/init.d/remote-kernels', [action]);

  const installed = await runDaemon(system, 'install', '--yes');
  assert.equal(installed.code, 0, installed.stderr);
  const [, pid] = /process (\d+)/.exec((await service('status')).stdout) ?? [];
  assert.ok(pid);
  assert.match((await service('start')).stdout, /runs already/);

  await system.expect('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '20'],
    ...['-subj', '/CN=lab-7', '-keyout', '/run/own.key', '-out', '/run/own.pem'],
  ]);
  const used = await system.run('remote-kernels', [
    ...['certificate', 'use', '--cert', '/run/own.pem', '--key', '/run/own.key'],
  ]);
  assert.equal(used.code, 0, used.stderr);
  assert.match(used.stderr, new RegExp(`running daemon \\(process ${pid}\\) was told`));
  assert.match(used.stderr, /another key than before/);
  assert.match(used.stderr, /ends on .* in 20 days/);
  await system.expect('rm', ['/run/own.key', '/run/own.pem']);
  assert.equal((await service('status')).code, 0);
  const log = await system.expect('cat', ['/var/log/remote-kernels.log']);
  const port = Number(/listening on (?:127\.0\.0\.1|\[::1\]):(\d+)/.exec(log)?.[1]);
  assert.ok(port > 0, log);
  const told = used.stderr
    .match(/(?:[0-9a-f]{4} ?){8}/g)
    ?.join('')
    .replace(/\s/g, '');
  const isServed = async () => ((await pinServedAt(port)) === told ? true : undefined);
  await until(isServed, withDeadline(60_000, 'the certificate that was put in is served'));
  assert.equal((await system.expect('stat', ['-c', '%a', '/var/log/remote-kernels.log'])).trim(), '600');

  assert.equal((await service('restart')).code, 0);
  const [, next] = /process (\d+)/.exec((await service('status')).stdout) ?? [];
  assert.notEqual(next, pid);
  const removed = await system.run('remote-kernels', ['uninstall', '--yes']);
  assert.equal(removed.code, 0, removed.stderr);
  assert.deepEqual(await listTraces(system), before);
  assert.deepEqual(await system.processes(), []);
});
