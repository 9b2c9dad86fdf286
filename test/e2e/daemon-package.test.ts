import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { expectParsed, parseJson } from '../../src/base/parse';
import { packDaemon } from '../../src/development/packaging/daemon-package';
import { packExtension } from '../../src/development/packaging/extension-package';
import { repository } from '../../src/development/repository';
import { runCommand } from '../../src/development/run-command';
import { parseAgentAddress } from '../../src/protocol/command-line';
import { temporaryFolder } from '../support/temporary-folder';
import { createTestHome } from '../support/test-home';

test('the npm tarball installs without a registry, and its command runs the daemon', async (t) => {
  const folder = await temporaryFolder(t);
  const { environment } = await createTestHome(t);
  const tarball = join(folder, 'daemon.tgz');
  await packDaemon(tarball);
  const prefix = join(folder, 'prefix');
  // Nothing listens there: a package that asked a registry for anything would fail here.
  const offline = { ...environment, npm_config_registry: 'http://127.0.0.1:9/' };
  await runCommand('npm', ['install', '--global', '--prefix', prefix, tarball], {
    environment: offline,
    timeoutMs: 60_000,
  });
  const command = join(prefix, 'bin', 'remote-kernels');
  const run = async (...words: string[]) =>
    (await runCommand(command, words, { environment, timeoutMs: 30_000 })).output;

  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    version: string;
  };
  assert.ok((await run('--version')).includes(version));
  const address = expectParsed(parseJson(await run('agent', '--json'), parseAgentAddress));
  assert.equal(address.started, true);
  assert.ok((await stat(address.socket)).isSocket());
  const again = expectParsed(parseJson(await run('agent', '--json'), parseAgentAddress));
  assert.deepEqual([again.started, again.agentId, again.pid], [false, address.agentId, address.pid]);
});

test('the .vsix stays below 15 MB and holds the daemon with its addons', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'extension.vsix');
  await packExtension(path);
  const { size } = await stat(path);
  assert.ok(size < 15_000_000, `${size} bytes`);
  const names = namesInZip(await readFile(path));
  for (const name of [
    'dist/extension.js',
    'dist/daemon.js',
    'dist/daemon-program.js',
    'dist/addons/linux-x64-glibc/addon.node',
  ])
    assert.ok(names.includes(`extension/${name}`), name);
  const unwanted = names.filter((name) => /\.map$|node_modules|\/src\/|\/test\//.test(name));
  assert.deepEqual(unwanted, []);
});

/** The names in the central directory of a zip archive (APPNOTE.TXT §4.3.12). */
function namesInZip(archive: Buffer): string[] {
  const names: string[] = [];
  const signature = Buffer.from('PK\u0001\u0002', 'latin1');
  let offset = archive.indexOf(signature);
  while (offset >= 0) {
    const length = archive.readUInt16LE(offset + 28);
    names.push(archive.toString('utf8', offset + 46, offset + 46 + length));
    offset = archive.indexOf(signature, offset + 46 + length);
  }
  return names;
}
