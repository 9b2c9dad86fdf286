import { readFile, stat } from 'node:fs/promises';
import { headers } from '../../../src/protocol/agent';
import type { PrivateSystem } from '../../support/private-system';
import type { Canary, CanarySearch, Sighting } from './canaries';
import { memoryOf } from './process-watch';

/** Where processes of the test begin, and where their core files would be. */
export const coreFolder = '/var/log/cores';

/** A wrapper for programs that may write core files of any length, in a folder of everybody's. */
export const withCores = ['sh', '-c', `cd ${coreFolder} && ulimit -c unlimited && exec "$0" "$@"`];

/** What can be written to. Some of it is the machine's too, so only what changed since the beginning is looked at. */
const folders = ['/etc', '/home', '/run', '/var', '/opt', '/usr/local', '/root', '/tmp', '/dev/shm'];

/** Every file that was written since then, but for those of Python's environments, and every core file at the root of the machine. */
export async function filesSince(system: PrivateSystem, startedAtS: number): Promise<string[]> {
  const since = ['-type', 'f', '-newerct', `@${startedAtS}`, '-print0'];
  const find = (words: readonly string[]) => system.run('find', words, {}, '', 120_000);
  const written = await find([...folders, '-name', '.virtualenvs', '-prune', '-o', ...since]);
  const cores = await find(['/', '-maxdepth', '1', '-name', 'core*', ...since]);
  return (written.stdout + cores.stdout).split('\0').filter((path) => path !== '');
}

/** The sightings in these files of the private system. */
export async function searchFiles(
  system: PrivateSystem,
  search: CanarySearch,
  paths: readonly string[],
): Promise<Sighting[]> {
  const found: Sighting[] = [];
  for (const path of paths) {
    const sightings = await search.findInFile(system.outside(path));
    found.push(...sightings.map((sighting) => ({ ...sighting, place: path })));
  }
  return found;
}

/** Reads a door key from the memory of an agent that was asked with it a moment ago; `undefined` when nothing of the request is left. */
export async function readDoorKey(agentPid: number): Promise<string | undefined> {
  const header = new RegExp(`${headers.doorKey}: ([A-Za-z0-9_-]{43})\\r\\n`, 'i');
  for await (const part of memoryOf(agentPid)) {
    const key = header.exec(part.toString('latin1'))?.[1];
    if (key !== undefined) return key;
  }
  return undefined;
}

/** The number of the user of a process; `undefined` when it has ended. */
export async function userOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** Whether the system lets nobody but root into the memory of a process of another user: then it writes no core file of it either. */
export async function isMemoryPrivate(pid: number): Promise<boolean> {
  const memory = await stat(`/proc/${pid}/mem`);
  return (await userOf(pid)) !== 0 && memory.uid === 0;
}

/** A canary in each kind of place, so that a search that finds nothing else is known to look there. Resolves with the places. */
export async function plantCanaries(
  system: PrivateSystem,
  planted: {
    readonly argument: Canary;
    readonly variable: Canary;
    readonly file: Canary;
    readonly core: Canary;
  },
): Promise<void> {
  system.spawn('sh', ['-c', 'sleep 1000', planted.argument.value], {
    stdio: 'ignore',
    environment: { PLANTED: planted.variable.value },
  });
  const encoded = Buffer.from(`"${planted.file.value}"`).toString('base64');
  await system.write('/home/eve/.planted', encoded, '0600');
  const program = 'import os, sys; kept = sys.stdin.read(); os.abort()';
  const [shell = '', ...words] = withCores;
  await system.run(shell, [...words, '/usr/bin/python3', '-c', program], {}, planted.core.value);
}
