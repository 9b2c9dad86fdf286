import { toSingleLine } from '../../base/text';

/** A folder on a host as people write it: `~/project` below the home folder, otherwise the absolute path. */
export function formatRemoteFolder(path: string, homeFolder: string | undefined): string {
  const clean = toSingleLine(path.replace(/(.)\/+$/, '$1'), 300);
  if (homeFolder === undefined || homeFolder === '/' || homeFolder === '') return clean;
  const home = homeFolder.replace(/\/+$/, '');
  if (clean === home) return '~';
  return clean.startsWith(`${home}/`) ? `~${clean.slice(home.length)}` : clean;
}

/** The errors after which a person may wonder where a notebook's code runs. */
export function isMissingFileError(errorName: string): boolean {
  return errorName === 'FileNotFoundError' || errorName === 'NotADirectoryError';
}

/** The hint after such an error. */
export function remoteFolderHint(hostName: string, remoteFolder: string): string {
  return `The code of this notebook runs in ${toSingleLine(hostName, 80)}:${remoteFolder}. Files of this computer are not there.`;
}
