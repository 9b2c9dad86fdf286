/** One setting of an ssh configuration: its keyword in lower case and its arguments, as ssh_config(5) splits them. */
export interface ConfigurationLine {
  readonly keyword: string;
  readonly words: readonly string[];
}

/**
 * Splits the text of an ssh configuration into settings. Keyword and arguments are separated by white space or one `=`; arguments may stand in
 * double quotes; what follows an unquoted `#` is a comment. Lines that cannot be read are left out: this is for listing, ssh itself reports them.
 */
export function readConfigurationLines(text: string): readonly ConfigurationLine[] {
  const lines: ConfigurationLine[] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([A-Za-z][A-Za-z0-9]*)(?:\s*=\s*|\s+)(.*)$/.exec(line);
    const [, keyword, rest] = match ?? [];
    if (keyword === undefined || rest === undefined) continue;
    const words = splitWords(rest);
    if (words !== undefined && words.length > 0) lines.push({ keyword: keyword.toLowerCase(), words });
  }
  return lines;
}

/** The arguments of a line; `undefined` when a quotation does not end. */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '\\' && index + 1 < text.length && '"\'\\ '.includes(text.charAt(index + 1))) {
      index += 1;
      word = (word ?? '') + text.charAt(index);
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '#' && word === undefined) break;
    else word = (word ?? '') + character;
  }
  if (quote !== undefined) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
