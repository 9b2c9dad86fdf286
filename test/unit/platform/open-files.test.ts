import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import {
  isInPlaceOfLogin,
  openFilesOfLogins,
  openFilesVariable,
} from '../../../src/daemon/platform/open-files';

test('logins may open as many files as whoever started the daemon wrote down, or the usual number', () => {
  for (const [given, expected] of [
    [undefined, '1024'],
    ['4096', '4096'],
    ['unlimited', 'unlimited'],
    ['', '1024'],
    ['0', '1024'],
    ['-1', '1024'],
    ['12 --all', '1024'],
  ] as const) {
    const variables = given === undefined ? {} : { [openFilesVariable]: given };
    assert.deepEqual(openFilesOfLogins(variables), { [openFilesVariable]: expected }, given);
    assert.equal(isInPlaceOfLogin(variables), given !== undefined);
  }
});

const skip = process.platform === 'linux' ? false : 'only Linux has prlimit';

test(
  'the limit is put back for what is started from then on, where the variable says one',
  { skip },
  async () => {
    const module = join(__dirname, '..', '..', '..', 'src', 'daemon', 'platform', 'open-files.ts');
    const program = `
    const { restoreOpenFiles } = require(${JSON.stringify(module)});
    const { execFileSync } = require('node:child_process');
    const show = () => execFileSync('sh', ['-c', 'echo $(ulimit -S -n) $(ulimit -H -n)']).toString().trim();
    (async () => {
      const before = show();
      await restoreOpenFiles({});
      const without = show();
      await restoreOpenFiles({ ${openFilesVariable}: '321' });
      console.log(JSON.stringify([before, without, show()]));
    })();`;
    const words = ['--import', 'tsx', '-e', program];
    const { stdout } = await promisify(execFile)(process.execPath, words);
    const [before, without, after] = JSON.parse(stdout) as [string, string, string];
    assert.equal(without, before);
    const hard = before.split(' ')[1] ?? '';
    assert.equal(before, `${hard} ${hard}`, 'Node has raised its limit');
    assert.equal(after, `321 ${hard}`);
  },
);
