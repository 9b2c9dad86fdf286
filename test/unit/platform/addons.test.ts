import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMusl, libraryIn } from '../../../src/daemon/platform/addons';

const line = (path: string) => `7f1c0a228000-7f1c0a24e000 r--p 00000000 fe:00 5331  ${path}`;
const node = line('/usr/bin/node');

const cases: readonly [what: string, files: readonly string[], library: 'glibc' | 'musl' | undefined][] = [
  [
    'Debian',
    ['/usr/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'],
    'glibc',
  ],
  ['glibc before 2.34', ['/lib/x86_64-linux-gnu/libc-2.31.so'], 'glibc'],
  ['Alpine', ['/lib/ld-musl-x86_64.so.1', '/usr/lib/libstdc++.so.6.0.33'], 'musl'],
  ['musl by its other name', ['/usr/lib/libc.musl-aarch64.so.1'], 'musl'],
  ['both', ['/lib/ld-musl-x86_64.so.1', '/lib/libc.so.6'], undefined],
  ['a library that was replaced meanwhile', ['/lib/x86_64-linux-gnu/libc.so.6 (deleted)'], undefined],
  [
    'names that only look like one',
    ['/opt/libc.so.60', '/lib/ld-musl-x/libfoo.so', '/lib/xlibc.so'],
    undefined,
  ],
  ['none', [], undefined],
];

for (const [what, files, library] of cases) {
  test(`the C library in a memory map: ${what}`, () => {
    assert.equal(libraryIn([node, ...files.map(line), ''].join('\n')), library);
  });
}

test('what the memory map says is what the report of Node says', () => {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  assert.equal(isMusl(), report.header?.glibcVersionRuntime === undefined);
});
