import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname, uptime } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Where systems keep an id that stays the same over restarts (machine-id(5)). The id itself is confidential by that page, so only a hash
 * with our own name in it is ever used or shown.
 */
const machineIdFiles = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/** 16 hexadecimal digits that stay the same for this machine: the name of its state folder in a home that several machines share. */
export async function readMachineHash(): Promise<string> {
  const id = (await readMachineId()) ?? `hostname ${hostname()}`;
  return createHash('sha256').update(`remote-kernels\0machine\0${id}`).digest('hex').slice(0, 16);
}

/**
 * Differs between two starts of this machine, and stays the same in between. Process ids recorded under another boot id mean nothing.
 * Where the system has none it is the time of the start, to the minute.
 */
export async function readBootId(): Promise<string> {
  if (process.platform === 'linux') return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  if (process.platform === 'darwin') {
    const { stdout } = await run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], { timeout: 5000 });
    return stdout.trim();
  }
  return new Date(Math.round((Date.now() - uptime() * 1000) / 60_000) * 60_000).toISOString();
}

async function readMachineId(): Promise<string | undefined> {
  if (process.platform === 'darwin') {
    const { stdout } = await run('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'], {
      timeout: 5000,
    });
    return /"IOPlatformUUID" = "([^"]+)"/.exec(stdout)?.[1];
  }
  for (const file of machineIdFiles) {
    // Absent in many containers, and `uninitialized` in images that were never started.
    const text = await readFile(file, 'utf8').catch(() => '');
    const id = /^[0-9a-f]{32}$/.exec(text.trim())?.[0];
    if (id !== undefined) return id;
  }
  return undefined;
}
