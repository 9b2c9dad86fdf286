import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable';

const scheme = 'remote-kernels-output';

/** Shows text that came from a host in an editor of its own, where it cannot be changed and asks for no saving. */
export interface ReadOnlyText extends Disposable {
  /** `title` becomes the name of the tab. */
  show(title: string, text: string): Promise<void>;
}

/** Makes the one place that shows such text. */
export function createReadOnlyText(): ReadOnlyText {
  const texts = new Map<string, string>();
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const registration = vscode.workspace.registerTextDocumentContentProvider(scheme, {
    onDidChange: changes.event,
    provideTextDocumentContent: (uri) => texts.get(uri.path) ?? '',
  });
  const closing = vscode.workspace.onDidCloseTextDocument((closed) => texts.delete(closed.uri.path));
  return {
    async show(title, text) {
      const uri = vscode.Uri.from({ scheme, path: `/${title.replace(/[\\/]/g, '_')}.log` });
      texts.set(uri.path, text);
      changes.fire(uri);
      const opened = await vscode.workspace.openTextDocument(uri);
      await vscode.window.showTextDocument(opened, { preview: true });
    },
    dispose() {
      registration.dispose();
      closing.dispose();
      changes.dispose();
    },
  };
}
