import { editorMimes, type OutputOperation, type PlainOutput } from './cell-output';
import { StreamText } from './stream-text';

/** The largest piece of stream text in one operation: a bigger one would hold up everything else between editor and extension. */
const maxPieceLength = 2 * 1024 * 1024;

/** The streams of a kernel. */
export type StreamName = 'stdout' | 'stderr';

/** An output of stream text that a run has made, of which the last may not be shown yet. */
export interface StreamRecord {
  readonly kind: 'stream';
  readonly key: string;
  readonly name: StreamName;
  readonly text: StreamText;
  /** Text not yet turned into operations. */
  unwritten: string[];
  isShown: boolean;
}

/** A record that begins with a text. */
export function beginStream(key: string, name: StreamName, text: string): StreamRecord {
  return { kind: 'stream', key, name, text: new StreamText(), unwritten: [text], isShown: false };
}

/** Turns what the stream holds back into operations. `isReplacingAll` says that its output takes the place of all that were there. */
export function writeStream(record: StreamRecord, isReplacingAll: boolean): OutputOperation[] {
  const change = record.text.write(record.unwritten.join(''));
  record.unwritten = [];
  const mime = record.name === 'stdout' ? editorMimes.stdout : editorMimes.stderr;
  const outputOf = (text: string): PlainOutput => ({
    key: record.key,
    items: [{ mime, data: text }],
    metadata: { outputType: 'stream' },
  });
  if (change.kind === 'none') return isReplacingAll ? [{ kind: 'clear' }] : [];
  const [first, ...rest] = piecesOf(change.text);
  const operations: OutputOperation[] = [];
  if (!record.isShown)
    operations.push({ kind: isReplacingAll ? 'replace-all' : 'append', output: outputOf(first) });
  else if (change.kind === 'append')
    operations.push({ kind: 'extend', key: record.key, item: { mime, data: first } });
  else operations.push({ kind: 'rewrite', output: outputOf(first), isMetadataChanged: false });
  record.isShown = true;
  for (const piece of rest) operations.push({ kind: 'extend', key: record.key, item: { mime, data: piece } });
  return operations;
}

/** Pieces of a bounded size that do not cut a character in two. */
function piecesOf(text: string): [string, ...string[]] {
  if (text.length <= maxPieceLength) return [text];
  const pieces: string[] = [];
  let start = 0;
  while (start < text.length) {
    let end = Math.min(start + maxPieceLength, text.length);
    const code = text.charCodeAt(end - 1);
    if (end < text.length && code >= 0xd800 && code <= 0xdbff) end -= 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  const [first = '', ...rest] = pieces;
  return [first, ...rest];
}
