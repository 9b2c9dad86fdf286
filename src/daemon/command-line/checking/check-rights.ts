import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../../base/errors';
import { filesOfProgram, findUntrusted } from '../../platform/trusted-files';
import { fine, unseen, wrong, wrongAsSaid, type CheckedHost, type Finding } from './finding';

/** The lock of the running daemon is a link by design: its target is a text that says who holds it, and leads nowhere. */
const lockName = 'daemon.lock';

/** Looks whether somebody else than root could change what root runs. */
export async function checkProgramRights({ programFile }: CheckedHost): Promise<readonly Finding[]> {
  const subject = 'program';
  const faults = await findUntrusted([...(await filesOfProgram(programFile)), process.execPath]);
  if (faults.length === 0)
    return [fine(subject, `only root can change ${programFile} and Node (${process.execPath})`)];
  return faults.map((fault) => wrongAsSaid(subject, fault));
}

/** Looks at the rights of the folders: others must not write to the configuration, and not look into the state. */
export async function checkFolderRights({ paths, isRoot }: CheckedHost): Promise<readonly Finding[]> {
  const subject = 'folders';
  const findings = [
    ...(await checkPlace(subject, paths.configuration, 0o022)),
    ...(await checkPlace(subject, paths.state, 0o077)),
  ];
  if (findings.length > 0) return findings;
  const names = await listIfPresent(paths.state);
  if (names === 'denied')
    return isRoot
      ? [wrong(subject, `${paths.state} cannot be read`)]
      : [unseen(subject, `what is in ${paths.state}`)];
  const inside: Finding[] = [];
  for (const name of names.filter((candidate) => candidate !== lockName))
    inside.push(...(await checkPlace(subject, join(paths.state, name), 0o077)));
  return inside.length > 0
    ? inside
    : [fine(subject, `only root can change ${paths.configuration} and read ${paths.state}`)];
}

/** A place that is absent has no wrong rights: the daemon makes it as it should be. */
async function checkPlace(subject: string, path: string, forbidden: number): Promise<readonly Finding[]> {
  let found;
  try {
    found = await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
  if (found.isSymbolicLink()) return [wrong(subject, `${path} is a link, and has to be a place of its own`)];
  if (found.uid !== 0)
    return [wrong(subject, `${path} belongs to the user ${found.uid} and not to root`, `chown root ${path}`)];
  if ((found.mode & forbidden) === 0) return [];
  return forbidden === 0o077
    ? [wrong(subject, `others than root have access to ${path}`, `chmod go= ${path}`)]
    : [wrong(subject, `${path} can be changed by others than root`, `chmod go-w ${path}`)];
}

async function listIfPresent(folder: string): Promise<readonly string[] | 'denied'> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return [];
    if (code === 'EACCES' || code === 'EPERM') return 'denied';
    throw error;
  }
}
