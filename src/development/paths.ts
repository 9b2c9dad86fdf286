import { access } from 'node:fs/promises';

/** Whether something is at this path that we can reach. */
export function pathExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
