import type { PrivateSystem } from './private-system';

/** The folders of a private system in which an installation may leave something. */
const systemPlaces = ['/etc', '/opt', '/usr/local', '/var/lib', '/var/log', '/run'];

/** Every file there, and in `/home`: kind, rights, owner, size and time or target, and path. */
export async function listFiles(
  system: PrivateSystem,
  places: readonly string[] = [...systemPlaces, '/home'],
): Promise<readonly string[]> {
  const output = await system.expect('find', [
    ...places,
    ...['-type', 'f', '-printf', '%y %m %u %s %T@ %p\\n', '-o', '-printf', '%y %m %u %l %p\\n'],
  ]);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

/**
 * The same without times, and without what the programs that change accounts leave beside their files; of the files of accounts also their
 * content.
 */
export async function listTraces(
  system: PrivateSystem,
  places?: readonly string[],
): Promise<readonly string[]> {
  const accounts = /\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)$/;
  const files = (await listFiles(system, places))
    .filter((line) => !/\/etc\/((passwd|group|shadow|gshadow|subuid|subgid)-|\.pwd\.lock)$/.test(line))
    .map((line) => line.replace(/^(f \S+ \S+ \S+) \S+ /, '$1 '));
  const contents = await Promise.all(
    files
      .flatMap((line) => accounts.exec(line)?.[0] ?? [])
      .map(async (path) => `${path}:\n${await system.expect('cat', [path])}`),
  );
  return [...files, ...contents];
}

/** The traces outside of the homes of people, which belong to them. */
export function listSystemTraces(system: PrivateSystem): Promise<readonly string[]> {
  return listTraces(system, systemPlaces);
}
