import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { escapeLinks } from '../../base/text';
import { joinLines, plainLines } from '../editor/plain-lines';
import type { CellMessage } from './outputs/cell-message';

/** Asks the person for a line. `undefined` when the question was dismissed; the signal closes it. */
export type AskInput = (
  question: { readonly prompt: string; readonly isPassword: boolean },
  signal: AbortSignal,
) => Promise<string | undefined>;

/** A kernel's prompt as an input box may show it: the editor makes links of Markdown there, also such that run commands. */
export function promptText(prompt: string): string {
  return escapeLinks(joinLines(plainLines(prompt), 1000));
}

/** Questions of a kernel to the person (`input()`, `getpass()`), one at a time; closed when nobody waits for the answer any more. */
export class InputRequests {
  private open: AbortController | undefined;

  constructor(
    private readonly askInput: AskInput,
    private readonly connection: Pick<Kernel.IKernelConnection, 'sendInputReply'>,
    private readonly logger: Logger,
  ) {}

  /** Asks and sends the answer; a dismissed question is answered with an empty line, since the kernel waits for one. Never rejects. */
  async answer(
    question: Extract<CellMessage, { kind: 'input-request' }>,
    header: KernelMessage.IHeader<'input_request'>,
  ): Promise<void> {
    this.cancel();
    const controller = new AbortController();
    this.open = controller;
    try {
      const value = await this.askInput(question, controller.signal);
      if (controller.signal.aborted) return;
      this.connection.sendInputReply({ status: 'ok', value: value ?? '' }, header);
    } catch (error) {
      // The answer itself may be a password and is not in any message of ours.
      this.logger.warn(`the kernel's question could not be answered: ${toError(error).message}`);
    } finally {
      if (this.open === controller) this.open = undefined;
    }
  }

  /** Closes the question that is open, without an answer. */
  cancel(): void {
    this.open?.abort();
    this.open = undefined;
  }
}
