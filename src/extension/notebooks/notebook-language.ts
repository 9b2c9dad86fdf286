import * as vscode from 'vscode';
import { toError } from '../../base/errors';
import { abortable } from '../../base/time';
import type { KernelLink } from './kernel-link';
import type { NotebookContext } from './notebook-context';
import { editorLanguageOf, notebookLanguage, withKernelLanguage } from './notebook-metadata';
import { toObject } from './outputs/cell-message';

/**
 * Writes into the notebook's metadata which language its kernel has, if that differs from what stands there, once the notebook has been
 * changed anyway by running a cell; opening a notebook changes nothing. Never rejects.
 */
export async function writeKernelLanguage(
  context: NotebookContext,
  notebook: vscode.NotebookDocument,
  link: KernelLink,
): Promise<void> {
  try {
    const info = await abortable(link.kernel.connection.info, AbortSignal.timeout(120_000));
    await untilUsed(notebook, link);
    const environment = context.environments.get({
      hostId: link.host.id,
      environmentId: link.details.environmentId ?? '',
    });
    const metadata = withKernelLanguage(notebook.metadata, {
      language: link.details.language,
      kernelspec: environment?.kernelspec ?? {
        name: link.details.kernelspecName,
        displayName: link.details.environmentName,
      },
      languageInfo: toObject(info.language_info),
    });
    if (metadata === undefined || notebook.isClosed) return;
    const edit = new vscode.WorkspaceEdit();
    edit.set(notebook.uri, [vscode.NotebookEdit.updateNotebookMetadata(metadata)]);
    if (!(await vscode.workspace.applyEdit(edit)))
      context.logger.warn('the notebook did not take its language');
  } catch (error) {
    context.logger.debug(`the language was not written: ${toError(error).message}`);
  }
}

/**
 * A notebook without a language of its own gets its code cells in that of the kernel: the editor makes them in its own default. Cells in
 * another language that a person chose stay.
 */
export async function adoptCellLanguage(notebook: vscode.NotebookDocument, language: string): Promise<void> {
  if (notebookLanguage(notebook.metadata) !== undefined) return;
  const wanted = editorLanguageOf(language);
  if (wanted === undefined || !(await vscode.languages.getLanguages()).includes(wanted)) return;
  for (const cell of notebook.getCells()) {
    const { languageId } = cell.document;
    const isDefault = languageId === 'python' || languageId === 'plaintext';
    if (cell.kind === vscode.NotebookCellKind.Code && isDefault && languageId !== wanted)
      await vscode.languages.setTextDocumentLanguage(cell.document, wanted);
  }
}

/** Resolves once a cell of the notebook ran on the link; rejects when the link ends before. */
function untilUsed(notebook: vscode.NotebookDocument, link: KernelLink): Promise<void> {
  if (link.execution.isBusy) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const change = link.execution.onDidChange(() => {
      if (!link.execution.isBusy) return;
      end();
      resolve();
    });
    const close = vscode.workspace.onDidCloseNotebookDocument((closed) => {
      if (closed !== notebook) return;
      end();
      reject(new Error('the notebook was closed'));
    });
    const end = () => {
      change.dispose();
      close.dispose();
    };
  });
}
