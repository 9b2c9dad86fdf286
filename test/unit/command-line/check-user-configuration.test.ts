import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkUserConfiguration } from '../../../src/daemon/command-line/checking/check-user-configuration';
import { fine, wrong } from '../../../src/daemon/command-line/checking/finding';
import { temporaryFolder } from '../../support/temporary-folder';

test('the own files of a user are looked at, each problem with its place and what mends it', async (t) => {
  const folder = await temporaryFolder(t);
  const files = { daemon: join(folder, 'config.json'), agent: join(folder, 'agent.json') };
  assert.deepEqual(await checkUserConfiguration(files), [
    fine('your daemon', `there is no ${files.daemon}; every key has its default`),
    fine('your agent', `there is no ${files.agent}; every key has its default`),
  ]);
  await writeFile(files.daemon, '{"port": 0}');
  await writeFile(files.agent, '{\n"maxKernel": 1, "port": 7443}');
  assert.deepEqual(await checkUserConfiguration(files), [
    fine('your daemon', `${files.daemon} is right`),
    wrong('your agent', `${files.agent}:2:1: there is no key "maxKernel"; did you mean "maxKernels"?`),
    wrong(
      'your agent',
      `${files.agent}:2:17: "port" belongs to config.json in the same folder, since it is about the daemon`,
    ),
  ]);
  await chmod(files.daemon, 0o666);
  const [open] = await checkUserConfiguration(files);
  assert.deepEqual(
    open,
    wrong('your daemon', `${files.daemon}: others can change it`, `chmod go-w ${files.daemon}`),
  );
});
