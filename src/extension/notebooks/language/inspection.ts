import { toObject, toText } from '../outputs/cell-message';

/** A hover is read at a glance: what is longer is cut. */
const maxLines = 40;
const maxLineLength = 400;

/** The text of an `inspect_reply`, without terminal colours, or `undefined` if the kernel has nothing to say. */
export function readInspection(content: unknown): string | undefined {
  const reply = toObject(content);
  if (reply['status'] !== 'ok' || reply['found'] !== true) return undefined;
  const text = stripTerminalSequences(toText(toObject(reply['data'])['text/plain'])).trim();
  if (text === '') return undefined;
  const lines = text.split(/\r?\n/);
  const shown = lines
    .slice(0, maxLines)
    .map((line) => (line.length > maxLineLength ? `${line.slice(0, maxLineLength)}…` : line));
  return [...shown, ...(lines.length > maxLines ? ['…'] : [])].join('\n');
}

/** The text without escape sequences and other control characters. */
export function stripTerminalSequences(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- control characters are what this expression is about
      .replace(/\u001b(?:\[[\d;:?]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|.)/g, '')
      // eslint-disable-next-line no-control-regex -- control characters are what this expression is about
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
  );
}
