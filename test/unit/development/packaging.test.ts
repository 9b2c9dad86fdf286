import assert from 'node:assert/strict';
import test from 'node:test';
import { checkIntegrity } from '../../../src/development/packaging/koffi-addons';
import { packageOfSource } from '../../../src/development/packaging/notices';

test('what is downloaded is taken only with the digest that is pinned', () => {
  // `printf '' | openssl dgst -sha512 -binary | base64`
  const ofNothing =
    'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==';
  checkIntegrity(new Uint8Array(), ofNothing, 'nothing');
  assert.throws(
    () => checkIntegrity(Buffer.from('x'), ofNothing, 'koffi'),
    /koffi: .*package-lock\.json pins/,
  );
});

test('a source of a bundle belongs to the innermost package around it', () => {
  const cases: readonly [source: string, folder: string | undefined][] = [
    ['webpack://remote-kernels/./node_modules/ws/lib/sender.js', 'ws'],
    ['webpack://remote-kernels/./node_modules/@peculiar/x509/build/x509.cjs.js', '@peculiar/x509'],
    ['webpack://remote-kernels/./node_modules/a/node_modules/@b/c/d.js', 'a/node_modules/@b/c'],
    ['webpack://remote-kernels/./node_modules/@a/b/node_modules/c/lib/d.js', '@a/b/node_modules/c'],
    ['webpack://remote-kernels/./src/daemon/main.ts', undefined],
    ['webpack://remote-kernels/webpack/bootstrap', undefined],
  ];
  for (const [source, folder] of cases) assert.equal(packageOfSource(source), folder, source);
});
