import { dirname, join } from 'node:path';
import { realpath } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { expectParsed, parseJson } from '../../src/base/parse';
import { packDaemon } from '../../src/development/packaging/daemon-package';
import { parseDaemonStatus, type DaemonStatus } from '../../src/protocol/daemon-control';
import type { PrivateResult, PrivateSystem } from './private-system';
import { temporaryFolder } from './temporary-folder';

/** What an administrator does on a host, by the commands of `docs/administrators.md`. */
export interface Administrator {
  /** `npm install -g` of the packaged daemon. */
  installPackage(): Promise<void>;
  /** `npm uninstall -g` of it. */
  removePackage(): Promise<void>;
  /** The command that the package and the installation put into the `PATH`. */
  remoteKernels(...words: readonly string[]): Promise<PrivateResult>;
  /** What `remote-kernels status` of root tells. */
  status(): Promise<DaemonStatus>;
  /** The init script. */
  service(action: string): Promise<string>;
}

/** An administrator of that host, where npm puts programs below `/usr/local` and can reach no registry. */
export async function administratorOf(t: TestContext, system: PrivateSystem): Promise<Administrator> {
  const folder = await temporaryFolder(t);
  const tarball = join(folder, 'remote-kernels.tgz');
  await packDaemon(tarball);
  const npm = join(dirname(await realpath(process.execPath)), '..', 'lib/node_modules/npm/bin/npm-cli.js');
  const environment = {
    PATH: `${dirname(system.nodePath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    npm_config_prefix: '/usr/local',
    npm_config_cache: join(folder, 'npm'),
    npm_config_userconfig: '/dev/null',
    // Nothing listens there: a package that asked a registry for anything would fail.
    npm_config_registry: 'http://127.0.0.1:9/',
  };
  // npm makes this folder with the first package and leaves it there.
  await system.expect('mkdir', ['-p', '/usr/local/lib/node_modules']);
  const runNpm = async (...words: readonly string[]) => {
    await system.expect(system.nodePath, [npm, ...words], { environment });
  };
  const remoteKernels = (...words: readonly string[]) => system.run('remote-kernels', words, { environment });
  return {
    installPackage: () => runNpm('install', '--global', tarball),
    removePackage: () => runNpm('uninstall', '--global', 'remote-kernels'),
    remoteKernels,
    async status() {
      const { stdout } = await remoteKernels('status', '--json');
      return expectParsed(parseJson(stdout, parseDaemonStatus));
    },
    service: (action) => system.expect('/etc/init.d/remote-kernels', [action]),
  };
}
