import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
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
