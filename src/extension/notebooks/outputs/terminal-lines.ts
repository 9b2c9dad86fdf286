/** One character as shown, with the colours that were on when it was written. */
interface Cell {
  readonly character: string;
  /** The "select graphic rendition" sequences in force, joined; empty means none. */
  readonly style: string;
}

// eslint-disable-next-line no-control-regex -- control characters are what this expression is about
const sequence = /\u001b(?:\[([\d;:?]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|.)/uy;

const reset = '\u001b[0m';

/** The last lines of a text with a cursor on them; knows just as much of terminals as programs that print progress use. */
export class TerminalLines {
  private row: number;
  private column: number;
  private style = '';

  private constructor(private readonly lines: Cell[][]) {
    this.row = lines.length - 1;
    this.column = lines.at(-1)?.length ?? 0;
  }

  /** Lines that show this text, with the cursor at its end. */
  static of(text: string): TerminalLines {
    const lines = new TerminalLines([[]]);
    lines.write(text);
    return lines;
  }

  /** Whether what is written next only adds to the text. */
  get isCursorAtEnd(): boolean {
    return this.row === this.lines.length - 1 && this.column === this.line(this.row).length;
  }

  /** How many lines there are. */
  get count(): number {
    return this.lines.length;
  }

  /** Writes text at the cursor. */
  write(text: string): void {
    let index = 0;
    while (index < text.length) {
      const code = text.codePointAt(index) ?? 0;
      if (code === 0x1b) {
        sequence.lastIndex = index;
        const match = sequence.exec(text);
        if (match !== null) {
          this.apply(match[0], match[1] ?? '', match[2]);
          index = sequence.lastIndex;
          continue;
        }
      }
      const character = String.fromCodePoint(code);
      index += character.length;
      this.put(character);
    }
  }

  /** The lines as text. Colours are switched where they change; those in force at the cursor are on at the end, for what comes next. */
  toText(): string {
    let on = '';
    const parts: string[] = [];
    const switchTo = (style: string) => {
      if (style === on) return;
      parts.push(style.startsWith(on) ? style.slice(on.length) : reset + style);
      on = style;
    };
    this.lines.forEach((line, row) => {
      if (row > 0) parts.push('\n');
      for (const cell of line) {
        switchTo(cell.style);
        parts.push(cell.character);
      }
    });
    switchTo(this.style);
    return parts.join('');
  }

  private put(character: string): void {
    switch (character) {
      case '\n':
        this.row += 1;
        this.column = 0;
        if (this.row === this.lines.length) this.lines.push([]);
        return;
      case '\r':
        this.column = 0;
        return;
      case '\b':
        this.column = Math.max(0, this.column - 1);
        return;
      default: {
        const line = this.line(this.row);
        while (line.length < this.column) line.push({ character: ' ', style: '' });
        line[this.column] = { character, style: this.style };
        this.column += 1;
      }
    }
  }

  private apply(whole: string, parameters: string, final: string | undefined): void {
    const count = Math.max(1, Number.parseInt(parameters, 10) || 1);
    switch (final) {
      case 'A':
        this.row = Math.max(0, this.row - count);
        return;
      case 'K':
        this.eraseLine(parameters);
        return;
      case 'm':
        this.style = /^0*$/.test(parameters) ? '' : this.style + whole;
        return;
      default:
        // Links, titles and whatever else: kept in the text in front of the next character, for the renderer to know.
        this.putUnshown(whole);
    }
  }

  /** A sequence without width becomes part of the character before it, so that it goes when that is overwritten. */
  private putUnshown(whole: string): void {
    const line = this.line(this.row);
    const before = line[this.column - 1];
    if (before !== undefined) line[this.column - 1] = { ...before, character: before.character + whole };
    else this.put(whole);
  }

  private eraseLine(mode: string): void {
    const line = this.line(this.row);
    if (mode === '2') line.length = 0;
    else if (mode === '1') {
      for (let index = 0; index < Math.min(this.column + 1, line.length); index += 1)
        line[index] = { character: ' ', style: '' };
    } else line.length = Math.min(line.length, this.column);
  }

  private line(row: number): Cell[] {
    const line = this.lines[row];
    if (line === undefined) throw new Error(`terminal lines: no line ${row} of ${this.lines.length}`);
    return line;
  }
}
