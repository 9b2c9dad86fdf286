import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../../base/disposable';
import { toError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import { abortable, delay, withDeadline } from '../../../base/time';
import { toAbortSignal } from '../../editor/cancellation';
import { notebookType } from '../controllers';
import type { KernelLink } from '../kernel-link';
import { toCodePointOffset } from './code-points';
import { readCompletions, type Completion } from './completion';
import { readInspection } from './inspection';

/** A person who types on does not want an answer to what stood there before. */
const pauseMs = 120;
const deadlineMs = 6000;

/** A kernel answers when it is done with its cell: while one runs longer than this, it is not asked. */
const maxBusyMs = 500;

/** Completion and hover from the kernel of a notebook, beside whatever other extensions know of its language. */
export class LanguageFeatures implements vscode.CompletionItemProvider, vscode.HoverProvider, Disposable {
  private readonly store = new DisposableStore();
  private readonly asking = new WeakMap<KernelLink, Promise<unknown>>();

  constructor(
    private readonly linkOf: (document: vscode.TextDocument) => KernelLink | undefined,
    private readonly logger: Logger,
  ) {}

  /** Offers them from now on. */
  start(): void {
    // With a type of notebook the editor compares a scheme with the notebook's own, which can be any.
    const selector: vscode.DocumentSelector = { notebookType };
    this.store.add(vscode.languages.registerCompletionItemProvider(selector, this, '.', '%', '/'));
    this.store.add(vscode.languages.registerHoverProvider(selector, this));
  }

  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.CompletionList | undefined> {
    const code = document.getText();
    const content = await this.ask(document, token, (link) =>
      link.kernel.connection.requestComplete({
        code,
        cursor_pos: toCodePointOffset(code, document.offsetAt(position)),
      }),
    );
    if (content === undefined) return undefined;
    const items = readCompletions(code, content).map((completion) => toItem(document, position, completion));
    return new vscode.CompletionList(items, true);
  }

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    const word = document.getWordRangeAtPosition(position);
    if (word === undefined) return undefined;
    const code = document.getText();
    const content = await this.ask(document, token, (link) =>
      link.kernel.connection.requestInspect({
        code,
        cursor_pos: toCodePointOffset(code, document.offsetAt(word.end)),
        detail_level: 0,
      }),
    );
    const text = readInspection(content);
    if (text === undefined) return undefined;
    // A code block: nothing of what the kernel says is markup.
    return new vscode.Hover(new vscode.MarkdownString().appendCodeblock(text, 'plaintext'), word);
  }

  dispose(): void {
    this.store.dispose();
  }

  /** One question at a time for each kernel; `undefined` when it cannot be asked now, or nobody wants to know any more. */
  private async ask(
    document: vscode.TextDocument,
    token: vscode.CancellationToken,
    question: (link: KernelLink) => Promise<{ readonly content: unknown }>,
  ): Promise<unknown> {
    const link = this.linkOf(document);
    if (link === undefined || !canAsk(link)) return undefined;
    const signal = toAbortSignal(token);
    try {
      await delay(pauseMs, signal);
      const deadline = withDeadline(deadlineMs, 'completion', signal);
      // The first answer can take seconds, while the kernel loads what it needs for it; what is typed meanwhile waits for its turn.
      await abortable(this.asking.get(link) ?? Promise.resolve(), deadline);
      if (!canAsk(link) || this.asking.has(link)) return undefined;
      const answer = question(link);
      const settled = answer.then(
        () => this.asking.delete(link),
        () => this.asking.delete(link),
      );
      this.asking.set(link, settled);
      return (await abortable(answer, deadline)).content;
    } catch (error) {
      if (!token.isCancellationRequested) this.logger.trace(`not answered: ${toError(error).message}`);
      return undefined;
    }
  }
}

function canAsk({ kernel, execution }: KernelLink): boolean {
  if (!kernel.isOpen || kernel.connection.isDisposed) return false;
  const run = execution.current;
  return run?.startedAt === undefined ? !execution.isBusy : Date.now() - run.startedAt < maxBusyMs;
}

function toItem(
  document: vscode.TextDocument,
  position: vscode.Position,
  completion: Completion,
): vscode.CompletionItem {
  const range = new vscode.Range(document.positionAt(completion.start), document.positionAt(completion.end));
  const label = {
    label: completion.text,
    ...(completion.signature === undefined ? {} : { detail: completion.signature }),
  };
  const item = new vscode.CompletionItem(label, kindOf(completion.type));
  item.insertText = completion.text;
  // The editor takes only ranges of one line that contain the cursor.
  if (range.isSingleLine && range.contains(position)) item.range = range;
  item.filterText = completion.text;
  if (completion.type !== undefined) item.detail = completion.type;
  return item;
}

function kindOf(type: string | undefined): vscode.CompletionItemKind {
  switch (type) {
    case 'function':
      return vscode.CompletionItemKind.Function;
    case 'class':
      return vscode.CompletionItemKind.Class;
    case 'module':
      return vscode.CompletionItemKind.Module;
    case 'keyword':
      return vscode.CompletionItemKind.Keyword;
    case 'path':
      return vscode.CompletionItemKind.File;
    case 'property':
      return vscode.CompletionItemKind.Property;
    case 'magic':
      return vscode.CompletionItemKind.Event;
    case 'instance':
    case 'statement':
    case 'param':
      return vscode.CompletionItemKind.Variable;
    default:
      return vscode.CompletionItemKind.Value;
  }
}
