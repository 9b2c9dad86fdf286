import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLater } from '../../../../src/daemon/command-line/installation/package-to-install';

const versions = ['0.9.0', '0.10.0-beta.2', '0.10.0-beta.10', '0.10.0', '0.10.1', '1.0.0', '10.0.0'];

test('of two versions the later one is known, also with numbers of several digits and a suffix', () => {
  versions.forEach((one, at) => {
    versions.forEach((other, place) => {
      assert.equal(isLater(one, other), at > place, `${one} and ${other}`);
    });
  });
});
