import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { packDaemon } from '../../../src/development/packaging/daemon-package';
import { packExtension } from '../../../src/development/packaging/extension-package';
import { runCommand } from '../../../src/development/run-command';
import { configurationSchemas } from '../../../src/development/schemas/configuration-schemas';
import { bundleFolder } from '../../support/daemon-bundle';
import { requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

/** What begins an addon of each platform, and which C library it asks for. ELF: the class and byte order, and `e_machine` at 18 (elf(5)). */
const platforms: Readonly<Record<string, { readonly machine: number; readonly library: string }>> = {
  'linux-x64-glibc': { machine: 62, library: 'libc.so.6' },
  'linux-x64-musl': { machine: 62, library: 'libc.musl-x86_64.so.1' },
  'linux-arm64-glibc': { machine: 183, library: 'libc.so.6' },
  'linux-arm64-musl': { machine: 183, library: 'libc.musl-aarch64.so.1' },
};

/** The lower half of `cputype` of Mach-O, at 4 (`mach/machine.h`: x86 is 7, ARM 12). */
const macMachines: Readonly<Record<string, number>> = { 'darwin-x64': 7, 'darwin-arm64': 12 };

const elf = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);

/** Packs and unpacks one of the two packages. Resolves with its file and the folder in which the daemon is. */
async function unpacked(t: TestContext, kind: 'npm' | 'vsix') {
  const folder = await temporaryFolder(t);
  const file = join(folder, kind === 'npm' ? 'daemon.tgz' : 'extension.vsix');
  await (kind === 'npm' ? packDaemon(file) : packExtension(file));
  const content = join(folder, 'content');
  await mkdir(content);
  const run = (program: string, words: readonly string[]) =>
    runCommand(program, words, { timeoutMs: 60_000 });
  if (kind === 'npm') await run('tar', ['-xzf', file, '-C', content, '--strip-components=1']);
  else await run('python3', ['-m', 'zipfile', '-e', file, content]);
  return { file, content: kind === 'npm' ? content : join(content, 'extension') };
}

for (const kind of ['npm', 'vsix'] as const) {
  test(`the ${kind} package has every addon for every platform, each for that machine and its C library`, async (t) => {
    const isBuilt = ['daemon.js.map', 'extension.js.map'].every((name) =>
      existsSync(join(bundleFolder(), name)),
    );
    if (!requirePeer(t, 'both bundles: npm run build', isBuilt)) return;
    const { file, content } = await unpacked(t, kind);
    const addons = join(content, 'dist', 'addons');
    const found = (await readdir(addons)).sort();
    assert.deepEqual(found, [...Object.keys(platforms), ...Object.keys(macMachines), 'win32-x64'].sort());

    for (const [platform, { machine, library }] of Object.entries(platforms)) {
      for (const name of ['addon.node', 'koffi.node']) {
        const addon = await readFile(join(addons, platform, name));
        const what = `${platform}/${name}`;
        assert.deepEqual(addon.subarray(0, elf.length), elf, what);
        assert.equal(addon.readUInt16LE(18), machine, what);
        for (const { library: other } of Object.values(platforms))
          assert.equal(addon.includes(`\0${other}\0`), other === library, `${what}: ${other}`);
      }
    }
    for (const [platform, machine] of Object.entries(macMachines)) {
      const addon = await readFile(join(addons, platform, 'addon.node'));
      assert.equal(addon.readUInt32LE(0), 0xfeedfacf, platform);
      assert.equal(addon.readUInt16LE(4), machine, platform);
    }
    const windows = await readFile(join(addons, 'win32-x64', 'addon.node'));
    assert.equal(windows.toString('latin1', 0, 2), 'MZ');
    assert.equal(windows.readUInt16LE(windows.readUInt32LE(0x3c) + 4), 0x8664);

    // Who has only the package reads there what its description points to; the last chapter is about the repository.
    const names = await readdir(content);
    const readme = await readFile(
      join(content, names.find((name) => /^readme\.md$/i.test(name)) ?? 'README.md'),
      'utf8',
    );
    const [forPeople = ''] = readme.split('\n## Develop it');
    const links = [...forPeople.matchAll(/\]\((?!https?:|#|[^)]*\.(?:png|gif|svg)\))([^)#]+)/g)].map(
      ([, to = '']) => to,
    );
    assert.ok(links.includes('docs/administrators.md') && links.includes('SECURITY.md'), links.join());
    for (const to of links) assert.ok((await stat(join(content, to))).size > 0, to);

    const schemas = configurationSchemas.map(({ path }) => basename(path));
    assert.deepEqual((await readdir(join(content, 'schemas'))).sort(), schemas.sort());

    const notices = await readFile(join(content, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    const named = ['zeromq 6', 'koffi 3', 'libsodium', 'ws 8', 'github.com/zeromq/libzmq'];
    for (const name of kind === 'npm' ? named : [...named, '@jupyterlab/services'])
      assert.ok(notices.includes(name), name);
    const { size } = await stat(file);
    assert.ok(size < (kind === 'npm' ? 10_000_000 : 15_000_000), `${size} bytes`);
  });
}
