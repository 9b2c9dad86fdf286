import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { test } from 'node:test';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { startSystemDaemon } from './system-daemon';

const closeOnExec = 0o2000000;
/** Some as flock(1) shows them, one among those that Node itself closes to others, and one far above. */
const numbers = [3, 9, 17, 200, 900];

test('files that the caller of the daemon had open reach no front door, no agent and no command of a user', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const opened = numbers.map((number) => `exec ${number}>>/var/lib/lock-of-root`).join('; ');
  // The script is `bash`: numbers of more than one digit are no redirection to other shells.
  const wrapper = ['bash', '-c', `umask 077; ${opened}; exec "$@"`, 'bash'];
  const daemon = await startSystemDaemon(system, [], { wrapper });
  await daemon.signedIn('ada', people.ada);

  const holders: string[] = [];
  let looked = 0;
  for (const { pid, command } of await system.processes()) {
    // One that has ended meanwhile holds nothing any more.
    const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
    if (open.length > 0) looked += 1;
    for (const fd of open) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (target.endsWith('/lock-of-root'))
        holders.push(`${command.includes(' serve ') ? '' : command}${fd}`);
    }
  }
  assert.ok(looked >= 3, 'the daemon, the front door and the agent were looked at');
  assert.deepEqual(
    holders.map(Number).sort((one, other) => one - other),
    numbers,
  );

  // A command of a user lives for a moment only; what is closed to every program is closed to it.
  const { pid } = await daemon.status();
  for (const number of numbers) {
    const text = await readFile(`/proc/${pid}/fdinfo/${number}`, 'utf8');
    const flags = parseInt(/^flags:\s*([0-7]+)$/m.exec(text)?.[1] ?? '', 8);
    assert.notEqual(flags & closeOnExec, 0, `descriptor ${number}`);
  }
  assert.equal(await daemon.end(), 0);
});
