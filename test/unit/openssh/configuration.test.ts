import assert from 'node:assert/strict';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfigurationLines, splitWords } from '../../../src/extension/openssh/configuration-lines';
import { readConfiguredHosts } from '../../../src/extension/openssh/configured-hosts';
import { matchesPattern } from '../../../src/extension/openssh/glob';
import { temporaryFolder } from '../../support/temporary-folder';

for (const [text, words] of [
  ['a b  c', ['a', 'b', 'c']],
  ['"a b" c', ['a b', 'c']],
  ["'a b'", ['a b']],
  ['a # comment', ['a']],
  ['a#b', ['a#b']],
  ['"a \\" b"', ['a " b']],
  ['a\\ b', ['a b']],
  ['""', ['']],
  ['"open', undefined],
  ['', []],
] as const) {
  test(`the arguments ${JSON.stringify(text)} are ${JSON.stringify(words)}`, () => {
    assert.deepEqual(splitWords(text), words);
  });
}

test('keywords are read in any case, with white space or one equals sign, and comments are none', () => {
  assert.deepEqual(readConfigurationLines('# x\n\tHOST = a b\nPort=22\r\nhostname lab\n"bad\nlonely\n'), [
    { keyword: 'host', words: ['a', 'b'] },
    { keyword: 'port', words: ['22'] },
    { keyword: 'hostname', words: ['lab'] },
  ]);
});

for (const [pattern, candidate, expected] of [
  ['*.conf', 'a.conf', true],
  ['*.conf', 'a.config', false],
  ['??', 'ab', true],
  ['??', 'a', false],
  ['*', '', true],
  ['a*b*c', 'axxbyyc', true],
  ['a*b*c', 'axxbyy', false],
  ['*'.repeat(50) + 'x', 'y'.repeat(5000), false],
] as const) {
  test(`${candidate.slice(0, 9)} ${expected ? 'fits' : 'does not fit'} ${pattern.slice(0, 9)}`, () => {
    assert.equal(matchesPattern(candidate, pattern), expected);
  });
}

test('hosts are those that a person would name: includes followed, patterns and negations left out, nothing run', async (t) => {
  const home = await temporaryFolder(t);
  const ssh = join(home, '.ssh');
  await mkdir(join(ssh, 'config.d'), { recursive: true });
  const marker = join(home, 'marker');
  await writeFile(
    join(ssh, 'config'),
    `Include config.d/*.conf
Include ~/elsewhere missing/file "with space"
Match exec "touch ${marker}"
  HostName nowhere
Host gpu-login "quoted host"
  HostName gpu.example.org
Host * !bastion *.example.org web? -oProxyCommand=x
host=bench
Host gpu-login bench
`,
  );
  await writeFile(join(ssh, 'config.d', 'b.conf'), 'Host from-b\nInclude config.d/b.conf\n');
  await writeFile(join(ssh, 'config.d', 'a.conf'), 'Host from-a\n');
  await writeFile(join(ssh, 'config.d', '.hidden.conf'), 'Host hidden\n');
  await writeFile(join(ssh, 'with space'), 'Host spaced\n');
  await writeFile(join(home, 'elsewhere'), 'Host elsewhere\n');
  const { aliases, files, problems } = await readConfiguredHosts(home);
  assert.deepEqual(aliases, ['from-a', 'from-b', 'elsewhere', 'spaced', 'gpu-login', 'bench']);
  assert.ok(files.includes(join(ssh, 'missing/file')));
  assert.match(problems.join('\n'), /include each other/);
  await assert.rejects(stat(marker), { code: 'ENOENT' });
});

test('without a configuration there are no hosts and no problems', async (t) => {
  const home = await temporaryFolder(t);
  assert.deepEqual(await readConfiguredHosts(home), {
    aliases: [],
    files: [join(home, '.ssh', 'config')],
    problems: [],
  });
});
