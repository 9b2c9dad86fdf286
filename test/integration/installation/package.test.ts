import assert from 'node:assert/strict';
import { test } from 'node:test';
import { administratorOf } from '../../support/installed-host';
import { PrivateSystem } from '../../support/private-system';
import { listTraces } from '../../support/private-system-traces';

const packageFolder = '/usr/local/lib/node_modules/remote-kernels';

test('the npm package installs offline, is trusted, sets the host up, is updated, and goes without a trace', async (t) => {
  const system = await PrivateSystem.start(t, { hasSystemUser: false });
  if (system === undefined) return;
  const administrator = await administratorOf(t, system);
  await system.expect('mkdir', ['-p', '/usr/local/lib/node_modules']);
  const before = await listTraces(system);
  const ok = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await administrator.remoteKernels(...words);
    assert.equal(code, 0, `remote-kernels ${words.join(' ')}: ${stdout}${stderr}`);
    return stdout + stderr;
  };

  await administrator.installPackage();
  const manifest = JSON.parse(await system.expect('cat', [`${packageFolder}/package.json`])) as object;
  assert.deepEqual(
    ['scripts', 'dependencies', 'optionalDependencies', 'gypfile'].filter((key) => key in manifest),
    [],
  );
  const packed = await listTraces(system);
  const version = await ok('--version');

  await ok('install', '--yes', '--no-start');
  const untrusted = ['-not', '-user', 'root', '-o', '-not', '-type', 'l', '-perm', '/022'];
  assert.equal(await system.expect('find', [packageFolder, '/opt/remote-kernels', ...untrusted]), '');
  assert.equal(await system.expect('remote-kernels', ['--version'], { user: 'ada' }), version);
  assert.equal(
    (await system.expect('readlink', ['/usr/local/bin/remote-kernels'])).trim(),
    '/opt/remote-kernels/bin/remote-kernels',
  );
  const compare = ['-r', `${packageFolder}/dist`, '/opt/remote-kernels'];
  const differences = (await system.run('diff', ['--brief', ...compare])).stdout.trim().split('\n');
  assert.deepEqual(
    differences.filter((line) => !line.startsWith('Only in /opt/remote-kernels')),
    [],
  );
  assert.match(await ok('check'), /^ok +program /m);
  assert.match(await ok('install', '--yes', '--no-start'), /nothing to change/);

  await administrator.installPackage();
  await ok('install', '--yes', '--no-start');
  assert.equal(
    (await system.expect('readlink', ['/usr/local/bin/remote-kernels'])).trim(),
    '/opt/remote-kernels/bin/remote-kernels',
  );

  await ok('uninstall', '--yes');
  assert.deepEqual(await listTraces(system), packed);
  await administrator.removePackage();
  assert.deepEqual(await listTraces(system), before);
});

test('an update reaches the daemon also where npm puts its command behind the installed one', async (t) => {
  const system = await PrivateSystem.start(t, { hasSystemUser: false });
  if (system === undefined) return;
  const prefix = '/opt/npm';
  const administrator = await administratorOf(t, system, prefix);
  const installAgain = () => administrator.remoteKernels('install', '--yes', '--no-start');
  const installedVersion = async () =>
    (await system.expect('/usr/local/bin/remote-kernels', ['--version'])).trim();

  await administrator.installPackage();
  const first = await installAgain();
  assert.equal(first.code, 0, first.stderr);
  await administrator.installPackage('97.0.0');
  const update = await installAgain();
  assert.equal(update.code, 0, update.stderr);
  assert.match(update.stderr, /daemon\.js \(version 97\.0\.0\)/);
  assert.equal(await installedVersion(), '97.0.0');
  assert.match((await installAgain()).stderr, /nothing to change/);

  // Root runs nothing that somebody else could have changed, and does not say that all is well either.
  await administrator.installPackage('98.0.0');
  await system.expect('chown', ['ada', `${prefix}/lib/node_modules/remote-kernels/dist/addons`]);
  const refused = await installAgain();
  assert.equal(refused.code, 78, refused.stderr);
  assert.match(
    refused.stderr,
    /version 98\.0\.0 is at .*belongs to the user .*dist\/addons.*; or, .* install$/m,
  );
  assert.equal(await installedVersion(), '97.0.0');

  // The package from which the program was copied need not be there any more; a later one may be anywhere in the PATH.
  await system.expect('chown', ['root', `${prefix}/lib/node_modules/remote-kernels/dist/addons`]);
  await system.expect('mv', [prefix, '/opt/elsewhere']);
  assert.match((await installAgain()).stderr, /nothing to change/);
  const environment = { PATH: `/usr/local/bin:/usr/sbin:/usr/bin:/bin:/opt/elsewhere/bin` };
  const elsewhere = await system.run('remote-kernels', ['install', '--yes', '--no-start'], { environment });
  assert.equal(elsewhere.code, 0, elsewhere.stderr);
  assert.equal(await installedVersion(), '98.0.0');
});
