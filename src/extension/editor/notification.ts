import * as vscode from 'vscode';
import { escapeLinks } from '../../base/text';

/** A sentence for a person, with buttons. */
export interface Notification {
  readonly severity: 'information' | 'warning' | 'error';
  /** What happened and where, and what to do. Nothing in it becomes a link: hosts and files name things in it. */
  readonly message: string;
  readonly actions: readonly NotificationAction[];
}

/** A button. `run` shows its own errors. */
export interface NotificationAction {
  readonly title: string;
  readonly run: () => Promise<void> | void;
}

/** Shows it and does what the person chose. Resolves then, or when it was dismissed. */
export async function showNotification({ severity, message, actions }: Notification): Promise<void> {
  const show = {
    information: vscode.window.showInformationMessage,
    warning: vscode.window.showWarningMessage,
    error: vscode.window.showErrorMessage,
  }[severity];
  const chosen = await show(escapeLinks(message), ...actions.map((action) => action.title));
  await actions.find((action) => action.title === chosen)?.run();
}

/** A question that stops everything else. For keys, the removal of things, and trust; nothing else is modal. */
export interface ModalQuestion {
  readonly message: string;
  readonly detail: string;
  /** The button that goes on. */
  readonly accept: string;
  readonly severity?: 'warning' | 'information';
}

/** Whether the person went on; Escape and *Cancel* mean no. */
export async function askModally({ message, detail, accept, severity }: ModalQuestion): Promise<boolean> {
  const show =
    severity === 'information' ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
  return (await show(message, { modal: true, detail }, accept)) === accept;
}
