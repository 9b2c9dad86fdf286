import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { isSessionOf } from '../../../protocol/identity';
import { chooseUsableEnvironment, chooseKernel, type ChosenKernel } from '../choose';
import type { CommandDependencies } from '../dependencies';
import type { CommandHandler } from '../handler';

/** So many notebooks of a name are looked at to find the one that a kernel belongs to. */
const maxCandidates = 50;

/** *Open Notebook Here*: an untitled notebook with that environment, or the notebook of a running kernel. */
export const openNotebook: CommandHandler = async (dependencies, { target }) => {
  if (target.kernelId !== undefined) {
    const chosen = await chooseKernel(dependencies, target, t('Open Notebook'));
    if (chosen !== undefined) await openNotebookOnKernel(dependencies, chosen);
    return;
  }
  const chosen = await chooseUsableEnvironment(dependencies, target, t('Open Notebook Here'));
  if (chosen === undefined) return;
  const { host, environment } = chosen;
  const notebook = await openUntitled(environment.language);
  await dependencies.notebookKernels.useEnvironment(notebook, {
    hostId: host.id,
    environmentId: environment.id,
  });
};

/** Shows the notebook that uses the kernel: an open one, the saved one that it was started for, or an untitled one that is attached to it. */
export async function openNotebookOnKernel(
  dependencies: Pick<CommandDependencies, 'notebookKernels' | 'clientId'>,
  { host, kernel }: ChosenKernel,
): Promise<void> {
  const { notebookKernels } = dependencies;
  const open = notebookOfKernel(dependencies, host.id, kernel.id);
  if (open !== undefined) {
    await vscode.window.showNotebookDocument(open);
    return;
  }
  const saved = await savedNotebookOf(dependencies.clientId, kernel);
  const notebook =
    saved === undefined
      ? await openUntitled(kernel.language)
      : await vscode.workspace.openNotebookDocument(saved);
  await vscode.window.showNotebookDocument(notebook);
  await notebookKernels.attach(notebook, host.id, kernel.id);
}

/** The open notebook that uses the kernel. */
export function notebookOfKernel(
  { notebookKernels }: Pick<CommandDependencies, 'notebookKernels'>,
  hostId: string,
  kernelId: string,
): vscode.NotebookDocument | undefined {
  return vscode.workspace.notebookDocuments.find((notebook) => {
    const reference = notebookKernels.referenceOf(notebook);
    return reference?.hostId === hostId && reference.kernelId === kernelId;
  });
}

async function openUntitled(language: string): Promise<vscode.NotebookDocument> {
  const languageId = language === '' ? 'python' : language.toLowerCase();
  const data = new vscode.NotebookData([
    new vscode.NotebookCellData(vscode.NotebookCellKind.Code, '', languageId),
  ]);
  data.metadata = { metadata: { language_info: { name: languageId } } };
  const notebook = await vscode.workspace.openNotebookDocument('jupyter-notebook', data);
  await vscode.window.showNotebookDocument(notebook);
  return notebook;
}

/** The session's path holds a digest of the notebook's address, so that a file of the workspace can be recognised. */
async function savedNotebookOf(
  clientId: string,
  { session }: ChosenKernel['kernel'],
): Promise<vscode.Uri | undefined> {
  if (session === undefined || session.name === '') return undefined;
  const basename = session.name.replace(/[[\]{}*?!]/g, '?');
  const candidates = await vscode.workspace.findFiles(`**/${basename}`, '**/node_modules/**', maxCandidates);
  return candidates.find((uri) => isSessionOf(session.path, clientId, uri.toString()));
}
