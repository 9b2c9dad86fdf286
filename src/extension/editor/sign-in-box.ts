import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { escapeLinks } from '../../base/text';

/** One question of a sign-in, in words for people. */
export interface SignInQuestion {
  /** `lab-7: password for ada` */
  readonly title: string;
  /** What the host says itself, as plain text. */
  readonly prompt: string;
  /** What is asked, where the prompt says more than that. */
  readonly placeholder?: string;
  readonly isSecret: boolean;
  /** Whether Enter without any text is an answer. */
  readonly canBeEmpty: boolean;
  readonly canRemember: boolean;
  /** Why the answer before did not do. */
  readonly refusal?: string;
  readonly suggestion?: string;
}

/** A person's answer. */
export interface SignInAnswer {
  readonly value: string;
  readonly isToBeRemembered: boolean;
}

/**
 * The input box of one sign-in. Questions come one after another into the same box: while the host checks an answer the box stays and is busy,
 * so that a refused answer is still there, with the reason below it. It is closed when there is nothing more to ask, and disposed when the attempt
 * is over.
 */
export class SignInBox implements Disposable {
  private readonly owned = new DisposableStore();
  private box: vscode.InputBox | undefined;
  private isRemembering = false;
  private settle: ((answer: SignInAnswer | undefined) => void) | undefined;
  private question: SignInQuestion | undefined;

  /** `onDismiss` is called when the person closes the box while no question waits for an answer. */
  constructor(private readonly onDismiss: () => void) {}

  /** Asks, and resolves with `undefined` when the person dismissed the box or the signal aborted. */
  async ask(question: SignInQuestion, signal: AbortSignal): Promise<SignInAnswer | undefined> {
    if (signal.aborted || this.owned.isDisposed) return undefined;
    const box = this.show(question);
    const onAbort = () => this.answer(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise<SignInAnswer | undefined>((resolve) => {
        this.settle = resolve;
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
      box.busy = true;
      box.enabled = false;
    }
  }

  /** Takes the box away, unless a question waits in it. The next question opens another one. */
  close(): void {
    if (this.settle !== undefined) return;
    this.box = undefined;
    this.question = undefined;
    this.isRemembering = false;
    this.owned.clear();
  }

  dispose(): void {
    this.answer(undefined);
    this.box = undefined;
    this.owned.dispose();
  }

  private show(question: SignInQuestion): vscode.InputBox {
    const box = this.box ?? this.createBox();
    const isSame = this.question?.title === question.title;
    this.question = question;
    box.title = question.title;
    box.password = question.isSecret;
    box.placeholder = question.placeholder;
    if (question.refusal === undefined || !isSame) box.value = question.suggestion ?? '';
    box.valueSelection = [0, box.value.length];
    box.validationMessage = question.refusal === undefined ? undefined : escapeLinks(question.refusal);
    box.busy = false;
    box.enabled = true;
    this.showRemembering(box);
    box.show();
    return box;
  }

  private createBox(): vscode.InputBox {
    const box = this.owned.add(vscode.window.createInputBox());
    box.ignoreFocusOut = true;
    this.owned.add(
      box.onDidAccept(() => {
        if (box.value === '' && this.question?.canBeEmpty !== true) return;
        this.answer({ value: box.value, isToBeRemembered: this.isRemembering });
      }),
    );
    this.owned.add(box.onDidChangeValue(() => (box.validationMessage = undefined)));
    this.owned.add(
      box.onDidTriggerButton(() => {
        this.isRemembering = !this.isRemembering;
        this.showRemembering(box);
      }),
    );
    this.owned.add(
      box.onDidHide(() => {
        if (this.box !== box) return;
        if (this.settle === undefined) this.onDismiss();
        else this.answer(undefined);
      }),
    );
    this.box = box;
    return box;
  }

  /** Off by default; the icon and the line below the box say how it stands. */
  private showRemembering(box: vscode.InputBox): void {
    const canRemember = this.question?.canRemember ?? false;
    const prompt = escapeLinks(this.question?.prompt ?? '');
    const isOn = canRemember && this.isRemembering;
    if (!canRemember) this.isRemembering = false;
    box.buttons = canRemember
      ? [
          {
            iconPath: new vscode.ThemeIcon(isOn ? 'pass-filled' : 'circle-large'),
            tooltip: isOn ? t('Remember on this computer: on') : t('Remember on this computer'),
          },
        ]
      : [];
    box.prompt = isOn ? `${prompt} ${t('It will be remembered on this computer.')}`.trim() : prompt;
  }

  private answer(answer: SignInAnswer | undefined): void {
    const settle = this.settle;
    this.settle = undefined;
    settle?.(answer);
  }
}
