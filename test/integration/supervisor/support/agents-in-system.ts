import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { PrivateSystem } from '../../../support/private-system';

const repository = resolve(__dirname, '..', '..', '..', '..');
/** Where the folders of doors are. */
export const usersFolder = '/run/remote-kernels/users';

/** A door that was opened, and the agent behind it. */
export interface OpenedDoor {
  readonly socket: string;
  readonly doorKey: string;
  readonly agentPid: number;
}

/** A private system with `ada` in further groups, and a way to open the door to an account's agent as the supervisor does. */
export async function agentsIn(t: TestContext) {
  const system = await PrivateSystem.start(t);
  if (system === undefined) return undefined;
  await system.expect('groupadd', ['lab']);
  await system.expect('usermod', ['--append', '--groups', 'lab,video', 'ada']);
  await system.write('/etc/default/locale', 'LANG=de_DE.UTF-8\n');
  await system.expect('install', ['-d', '-m', '0711', '/run/remote-kernels']);
  const number = async (what: string, name: string) =>
    Number((await system.expect('id', [what, name])).trim());
  const frontDoorGid = await number('-g', 'remote-kernels');
  const openDoor = async (name: string, numberOf = name) => {
    const account = {
      name,
      uid: await number('-u', numberOf),
      gid: await number('-g', numberOf),
      home: `/home/${name}`,
      shell: '/bin/bash',
      groups: [],
    };
    const order = JSON.stringify({ programFile: system.programFile, usersFolder, frontDoorGid, account });
    const result = await system.run(
      system.nodePath,
      ['--import', 'tsx', join(__dirname, 'open-door-of-user.ts'), order],
      { folder: repository, environment: { SECRET_OF_ROOT: 'yes', NODE_OPTIONS: '--no-warnings' } },
    );
    return { ...result, account };
  };
  const opened = async (name: string) => {
    const { code, stdout, stderr, account } = await openDoor(name);
    assert.equal(code, 0, stderr);
    return { ...(JSON.parse(stdout) as OpenedDoor), account };
  };
  return { system, frontDoorGid, number, openDoor, opened };
}

/** The lines of `/proc/<pid>/status`, by their names. */
export async function statusOf(pid: number): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', ...values] = line.split(/[:\s]+/);
      return [name, values.join(' ').trim()] as const;
    }),
  );
}
