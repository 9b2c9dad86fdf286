import { TerminalLines } from './terminal-lines';

/** What a piece of stream text does to the text that is shown already. */
export type StreamTextChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'append'; readonly text: string }
  /** Text that is shown was overwritten: this is the whole text. */
  | { readonly kind: 'replace'; readonly text: string };

/** How many lines a cursor that moves up can still reach. */
const reachableLines = 100;

/** Above this size the part of the text that can still change is looked through for lines out of reach. */
const openLimit = 64 * 1024;

/** What moves the cursor or erases. Other terminal sequences are left to whoever renders the text. */
// eslint-disable-next-line no-control-regex -- control characters are what this expression is about
const rewriting = /\r|\u0008|\u001b\[\d*[AK]/;

/** A terminal sequence that may go on in the next message, or a carriage return whose line feed may. */
// eslint-disable-next-line no-control-regex -- control characters are what this expression is about
const unfinishedEnd = /(?:\u001b(?:\[[\d;?]*)?|\r+)$/;

/**
 * The text of one stream output (standard output or error), written piece by piece as a terminal would show it: `\r`, `\b`, "erase line"
 * and "cursor up" act on what earlier pieces wrote, so that a progress bar overwrites itself wherever the kernel happened to cut its text.
 * Text without such marks passes unchanged, byte for byte, and in time proportional to the piece.
 */
export class StreamText {
  /** Out of reach of every cursor. */
  private settled = '';
  /** The last lines as text; what the next piece may still change. */
  private open = '';
  /** Set while the cursor is not at the end of `open`. */
  private lines: TerminalLines | undefined;
  /** The end of the last piece, if what it means depends on the next. */
  private pending = '';

  /** Everything as it is shown. */
  get text(): string {
    return this.settled + this.open;
  }

  /** Takes the next piece and says what became of the shown text. */
  write(piece: string): StreamTextChange {
    const input = this.pending + piece;
    const end = unfinishedEnd.exec(input)?.[0] ?? '';
    this.pending = end.length <= 64 ? end : '';
    const complete = input.slice(0, input.length - this.pending.length).replace(/\r+\n/g, '\n');
    if (complete === '') return { kind: 'none' };
    if (this.lines === undefined && !rewriting.test(complete)) {
      this.open += complete;
      this.settle();
      return { kind: 'append', text: complete };
    }
    return this.rewrite(complete);
  }

  private rewrite(input: string): StreamTextChange {
    const before = this.open;
    const lines = this.lines ?? TerminalLines.of(before);
    lines.write(input);
    this.open = lines.toText();
    this.lines = lines.isCursorAtEnd || lines.count > 10 * reachableLines ? undefined : lines;
    const change: StreamTextChange = this.open.startsWith(before)
      ? { kind: 'append', text: this.open.slice(before.length) }
      : { kind: 'replace', text: this.text };
    if (this.lines === undefined) this.settle();
    return change.kind === 'append' && change.text === '' ? { kind: 'none' } : change;
  }

  /** Moves lines out of reach to the settled text; a rope of strings, so this costs nothing until the whole text is asked for. */
  private settle(): void {
    if (this.open.length <= openLimit) return;
    let start = this.open.length;
    for (let line = 0; line < reachableLines && start > 0; line += 1) {
      start = this.open.lastIndexOf('\n', start - 1);
      if (start < 0) {
        this.settleLongLine();
        return;
      }
    }
    // Lines in reach that are very long together stay open only from the last line on: overwriting many of them is no progress bar.
    if (this.open.length - start > 16 * openLimit) start = this.open.lastIndexOf('\n');
    this.settled += this.open.slice(0, start + 1);
    this.open = this.open.slice(start + 1);
  }

  /** Fewer lines than could be reached, but very long: only the last is kept open, and a line beyond all measure is not rewritten. */
  private settleLongLine(): void {
    if (this.open.length <= 16 * openLimit) return;
    const start = this.open.lastIndexOf('\n') + 1;
    const isTooLong = this.open.length - start > 16 * openLimit;
    const cut = isTooLong ? this.open.length : start;
    this.settled += this.open.slice(0, cut);
    this.open = this.open.slice(cut);
  }
}

/** The text that a whole stream output shows, given in pieces. */
export function streamTextOf(pieces: readonly string[]): string {
  const text = new StreamText();
  for (const piece of pieces) text.write(piece);
  return text.text;
}
