import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  findPackageToInstall,
  isLater,
} from '../../../../src/daemon/command-line/installation/package-to-install';
import { CommandError } from '../../../../src/daemon/command-line/terminal';
import { exitCodes } from '../../../../src/protocol/command-line';
import { temporaryFolder } from '../../../support/temporary-folder';

const versions = ['0.9.0', '0.10.0-beta.2', '0.10.0-beta.10', '0.10.0', '0.10.1', '1.0.0', '10.0.0'];

test('of two versions the later one is known, also with numbers of several digits and a suffix', () => {
  versions.forEach((one, at) => {
    versions.forEach((other, place) => {
      assert.equal(isLater(one, other), at > place, `${one} and ${other}`);
    });
  });
});

test('a checkout from which the program was copied is no fault while it has the same version, and told with the next step when it has another one', async (t) => {
  const checkout = await temporaryFolder(t);
  const programFile = join(checkout, 'dist', 'daemon.js');
  await mkdir(join(checkout, 'dist'));
  await writeFile(programFile, '');
  await writeFile(join(checkout, 'package.json'), '{"name":"remote-kernels","version":"1.2.3"}');
  for (let number = 0; number < 11; number += 1) {
    const folder = join(checkout, 'node_modules', `package-${number}`);
    await mkdir(folder, { recursive: true });
    await Promise.all(Array.from({ length: 500 }, (_, file) => writeFile(join(folder, `${file}.js`), '')));
  }
  assert.equal(await findPackageToInstall(programFile, '', '1.2.3'), undefined);
  const refused: unknown = await findPackageToInstall(programFile, '', '1.2.2').catch(
    (error: unknown) => error,
  );
  assert.ok(refused instanceof CommandError);
  assert.equal(refused.exitCode, exitCodes.configuration);
  assert.match(
    refused.message,
    /version 1\.2\.3 is at .*nothing was changed: .* holds more than 5000 files.*npm install -g .* run this again; or, .* install$/,
  );
});
