import { t } from '@vscode/l10n';
import { notebookInFront, problem } from '../choose';
import type { CommandHandler } from '../handler';

/** *Choose Remote Folder…*: where on the host the code of the notebook in front runs. */
export const chooseRemoteFolder: CommandHandler = async (dependencies, { notebook }) => {
  const { connector, hosts, notebookKernels, pickers } = dependencies;
  const chosen = notebook ?? notebookInFront();
  const reference = chosen === undefined ? undefined : notebookKernels.referenceOf(chosen);
  if (chosen === undefined || reference === undefined)
    throw problem(t('The notebook in front uses no environment of a remote host.'));
  const host = hosts.get(reference.hostId);
  if (host === undefined) throw problem(t('This host is not known any more.'));
  if (host.state.kind !== 'connected' && !(await connector.connect(host.id))) return;
  const path = await pickers.pickRemoteFolder({
    title: t('Remote Folder of {0}', chosen.uri.path.split('/').at(-1) ?? ''),
    hostId: host.id,
    path: reference.remoteFolder,
  });
  if (path !== undefined) await notebookKernels.setRemoteFolder(chosen, path);
};
