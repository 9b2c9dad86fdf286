import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until, withDeadline } from '../../src/base/time';
import { requirePeer } from './peers';
import type { PrivateResult, PrivateSystem } from './private-system';

/** Where systemd of Debian, Fedora and others is. */
const program = '/lib/systemd/systemd';

/**
 * The few units of systemd itself that a service needs. Not the machine's: those would mount, clean, load modules and set variables of the one kernel
 * that the machine and this system share.
 */
const units = [
  ...['basic', 'sysinit', 'multi-user', 'shutdown', 'local-fs', 'sockets', 'timers', 'paths', 'slices'],
  ...['network', 'network-online', 'nss-user-lookup', 'umount', 'rescue', 'emergency'],
].map((name) => `${name}.target`);

/** Gives this process a control group of its own (`$1`), and a namespace in which that is the root. */
const groupScript = `
set -e
if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then base=/sys/fs/cgroup; else base=/sys/fs/cgroup/systemd; fi
mkdir "$base/$1"
echo $$ >"$base/$1/cgroup.procs"
exec unshare --mount --propagation private --pid --uts --ipc --cgroup --fork --kill-child=KILL sh -c "$2"
`;

/** Makes `/proc`, `/dev`, control groups and units for one systemd, and becomes it. */
const bootScript = `
set -e
mount -t proc proc /proc
mkdir /run/dev
mount -t tmpfs -o mode=0755 tmpfs /run/dev
for name in null zero full random urandom tty; do
  touch /run/dev/$name
  mount --bind /dev/$name /run/dev/$name
done
ln -s null /run/dev/console
ln -s /proc/self/fd /run/dev/fd
mkdir -m 1777 /run/dev/shm
mkdir /run/dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts /run/dev/pts
ln -s pts/ptmx /run/dev/ptmx
mount --move /run/dev /dev
if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
  mount -t tmpfs tmpfs /sys/fs/cgroup
  mkdir /sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
fi
rm -rf /etc/systemd/system/*
mkdir /run/units
for unit in ${units.join(' ')}; do cp "/lib/systemd/system/$unit" /run/units/; done
cd /
exec env -i container=other SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/units PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  ${program} --system --unit=basic.target --log-target=null
`;

/** A systemd that runs as the first process of a private system, with control groups and processes of its own. */
export interface PrivateSystemd {
  /** Runs a program beside it, as root, with its processes in sight. */
  run(command: string, words: readonly string[]): Promise<PrivateResult>;
  /** Like `run`; rejects with what was said when the program fails. */
  expect(command: string, words: readonly string[]): Promise<string>;
}

/**
 * Boots systemd in the private system; it is ended with all that it started after the test. Skips the test (in CI: fails it) and gives `undefined`
 * where there is none.
 */
export async function bootSystemd(
  t: TestContext,
  system: PrivateSystem,
): Promise<PrivateSystemd | undefined> {
  if (!requirePeer(t, `systemd (${program})`, existsSync(program))) return undefined;
  const group = `remote-kernels-test-${process.pid}-${Math.floor(performance.now())}`;
  const child = system.spawn('sh', ['-c', groupScript, 'sh', group, bootScript], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
    await removeGroup(group);
  });
  const first = await until(
    () => systemdBelow(child.pid ?? 0),
    withDeadline(30_000, 'the first process of systemd'),
  );
  const enter = ['-t', String(first), '-m', '-p', '-u', '-i', '-C', '--', 'env', '-C', '/', 'HOME=/root'];
  const run = (command: string, words: readonly string[]) =>
    system.run('nsenter', [...enter, command, ...words]);
  const isRunning = async () => {
    const { stdout } = await run('systemctl', ['is-system-running']);
    return ['running', 'degraded'].includes(stdout.trim()) ? true : undefined;
  };
  await until(isRunning, withDeadline(60_000, 'systemd'));
  return {
    run,
    async expect(command, words) {
      const { code, stdout, stderr } = await run(command, words);
      if (code !== 0)
        throw new Error(`${command} ${words.join(' ')}: exit code ${code}: ${stderr || stdout}`);
      return stdout;
    },
  };
}

/** The systemd among the children of that process: before it there are those of the script. */
async function systemdBelow(pid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.split(' ').filter((word) => word !== '')) {
    const name = await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '');
    if (name.trim() === 'systemd') return Number(child);
  }
  return undefined;
}

/** Removes the control group with those below it, once their processes have ended. */
async function removeGroup(group: string): Promise<void> {
  for (const base of ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd']) {
    const folder = join(base, group);
    const isGone = async () => ((await removeFolders(folder)) ? true : undefined);
    await until(isGone, withDeadline(30_000, `the end of the processes in ${folder}`));
  }
}

async function removeFolders(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return true;
  for (const entry of entries) if (entry.isDirectory()) await removeFolders(join(folder, entry.name));
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}
