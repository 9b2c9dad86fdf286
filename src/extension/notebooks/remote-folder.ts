import { t } from '@vscode/l10n';
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
export function remoteFolderHint(hostName: string, remoteFolder: string, isThisMachine: boolean): string {
  const place = `${toSingleLine(hostName, 80)}:${remoteFolder}`;
  return isThisMachine
    ? t('The code of this notebook runs in {0}; relative paths begin there.', place)
    : t('The code of this notebook runs in {0}. Files of this computer are not there.', place);
}

/**
 * The folder in which a notebook's code runs unless one was chosen for it: as set, and home by default. On this machine home would be a
 * surprise to everybody who knows Jupyter, where it is the notebook's own folder.
 */
export function defaultFolderOf(
  setting: string,
  notebookFolder: string | undefined,
  isThisMachine: boolean,
): string {
  return isThisMachine && setting === '~' && notebookFolder !== undefined ? notebookFolder : setting;
}
