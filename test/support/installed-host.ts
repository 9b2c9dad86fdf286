import { dirname, join } from 'node:path';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { TestContext } from 'node:test';
import { expectParsed, parseJson } from '../../src/base/parse';
import { packDaemon } from '../../src/development/packaging/daemon-package';
import { parseDaemonStatus, type DaemonStatus } from '../../src/protocol/daemon-control';
import type { PrivateResult, PrivateSystem } from './private-system';
import { temporaryFolder } from './temporary-folder';

const run = promisify(execFile);

/** What an administrator does on a host, by the commands of `docs/administrators.md`. */
export interface Administrator {
  /** `npm install -g` of the packaged daemon; of one that calls itself that version where it is given. */
  installPackage(version?: string): Promise<void>;
  /** `npm uninstall -g` of it. */
  removePackage(): Promise<void>;
  /** The command that the package and the installation put into the `PATH`. */
  remoteKernels(...words: readonly string[]): Promise<PrivateResult>;
  /** What `remote-kernels status` of root tells. */
  status(): Promise<DaemonStatus>;
  /** The init script. */
  service(action: string): Promise<string>;
}

/** An administrator of that host, where npm puts programs below that folder, which comes last in the `PATH`, and can reach no registry. */
export async function administratorOf(
  t: TestContext,
  system: PrivateSystem,
  prefix = '/usr/local',
): Promise<Administrator> {
  const folder = await temporaryFolder(t);
  const tarball = join(folder, 'remote-kernels.tgz');
  await packDaemon(tarball);
  const npm = join(dirname(await realpath(process.execPath)), '..', 'lib/node_modules/npm/bin/npm-cli.js');
  const environment = {
    PATH: `${dirname(system.nodePath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${prefix}/bin`,
    npm_config_prefix: prefix,
    npm_config_cache: join(folder, 'npm'),
    npm_config_userconfig: '/dev/null',
    // Nothing listens there: a package that asked a registry for anything would fail.
    npm_config_registry: 'http://127.0.0.1:9/',
  };
  // npm makes this folder with the first package and leaves it there.
  await system.expect('mkdir', ['-p', `${prefix}/lib/node_modules`]);
  const runNpm = async (...words: readonly string[]) => {
    await system.expect(system.nodePath, [npm, ...words], { environment });
  };
  const remoteKernels = (...words: readonly string[]) => system.run('remote-kernels', words, { environment });
  return {
    async installPackage(version) {
      await runNpm(
        'install',
        '--global',
        version === undefined ? tarball : await withVersion(tarball, version),
      );
    },
    removePackage: () => runNpm('uninstall', '--global', 'remote-kernels'),
    remoteKernels,
    async status() {
      const { stdout } = await remoteKernels('status', '--json');
      return expectParsed(parseJson(stdout, parseDaemonStatus));
    },
    service: (action) => system.expect('/etc/init.d/remote-kernels', [action]),
  };
}

/** The same package with another version, beside it. Gives its path. */
async function withVersion(tarball: string, version: string): Promise<string> {
  const folder = `${tarball}-${version}`;
  await mkdir(folder);
  await run('tar', ['-xzf', tarball, '-C', folder]);
  const inside = join(folder, 'package');
  const { version: current } = JSON.parse(await readFile(join(inside, 'package.json'), 'utf8')) as {
    version: string;
  };
  const scripts = (await readdir(join(inside, 'dist'))).filter((name) => name.endsWith('.js'));
  const changed: string[] = [];
  for (const name of ['package.json', ...scripts.map((script) => join('dist', script))]) {
    const text = await readFile(join(inside, name), 'utf8');
    const next = text.replaceAll(`"${current}"`, `"${version}"`);
    if (next !== text) changed.push(name);
    await writeFile(join(inside, name), next);
  }
  if (changed.length < 2) throw new Error(`the program of ${tarball} does not name the version ${current}`);
  await run('tar', ['-czf', `${folder}.tgz`, '-C', folder, 'package']);
  return `${folder}.tgz`;
}
