/**
 * What puts an answer of a terminal into a line: cursor keys, colours, titles of windows (ECMA-48). One that does not end goes to the end of its line,
 * so that it takes nothing away of the next ones, where the question stands.
 */
const terminalSequences =
  // eslint-disable-next-line no-control-regex -- control characters are what this expression is about
  /\u001b(?:\[[\d;:?]*[ -/]*[@-~]|\][^\u0007\u001b\n\r\u000b\u000c\u0085\u2028\u2029]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;

/** Marks that change the direction of writing, or are not seen at all, by which a text can read as another one. */
const unseen = /[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

// eslint-disable-next-line no-control-regex -- control characters are what this expression is about
const controls = /[\u0000-\u001f\u007f-\u009f]+/g;

// eslint-disable-next-line no-control-regex -- control characters are what this expression is about
const lineEnds = /\r\n|[\n\r\u000b\u000c\u0085\u2028\u2029]/;

/** The lines of a text from elsewhere that have something in them, as plain text: without control characters and marks of direction. */
export function plainLines(text: string): readonly string[] {
  return text
    .replace(terminalSequences, '')
    .split(lineEnds)
    .map((line) => line.replace(unseen, '').replace(controls, ' ').trim())
    .filter((line) => line !== '');
}

/**
 * The lines in one, for where the editor shows one: `first · second · last`. What is too long is cut at the end of what comes before the last line,
 * which is what is asked and keeps at least half of the room.
 */
export function joinLines(lines: readonly string[], maxLength: number): string {
  const separator = ' · ';
  const before = lines.slice(0, -1).join(separator);
  const last = lines.at(-1) ?? '';
  if (before === '') return cut(last, maxLength);
  const room = Math.max(Math.floor(maxLength / 2), maxLength - before.length - separator.length);
  const asked = cut(last, room);
  return cut(before, maxLength - asked.length - separator.length) + separator + asked;
}

/** Never in the middle of a character that takes two places. */
function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
