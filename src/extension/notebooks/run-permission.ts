import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { escapeLinks } from '../../base/text';
import { languageMismatch } from './notebook-metadata';
import type { ShowProblem } from './show-problem';

/** What stands between a person's click and code that runs: the trust of the workspace, and a kernel of another language. */
export class RunPermission {
  private readonly allowed = new WeakMap<vscode.NotebookDocument, string>();

  constructor(
    private readonly showProblem: ShowProblem,
    private readonly chooseAnother: (notebook: vscode.NotebookDocument) => Promise<void>,
  ) {}

  /** Whether code of this workspace may run; when not, says how it may. */
  isTrusted(): boolean {
    if (vscode.workspace.isTrusted) return true;
    void this.showProblem({
      severity: 'warning',
      message: t(
        'This workspace is not trusted, so its notebooks do not run. Trust it first if you know where it comes from.',
      ),
      actions: [
        {
          title: t('Manage Workspace Trust'),
          run: async () => {
            await vscode.commands.executeCommand('workbench.trust.manage');
          },
        },
      ],
    });
    return false;
  }

  /** Whether the notebook's language is the kernel's, or the person runs it all the same; asked once for each notebook and language. */
  async fits(
    notebook: vscode.NotebookDocument,
    kernel: { readonly language: string; readonly environmentName: string; readonly hostName: string },
  ): Promise<boolean> {
    const message = languageMismatch(notebook.metadata, kernel);
    if (message === undefined || this.allowed.get(notebook) === kernel.language) return true;
    const runAnyway = t('Run Anyway');
    const chooseAnother = t('Choose Another');
    const chosen = await vscode.window.showWarningMessage(escapeLinks(message), runAnyway, chooseAnother);
    if (chosen === chooseAnother) await this.chooseAnother(notebook);
    if (chosen !== runAnyway) return false;
    this.allowed.set(notebook, kernel.language);
    return true;
  }
}
