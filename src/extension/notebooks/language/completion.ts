import { toSingleLine } from '../../../base/text';
import { toObject, toText, type JsonObject, type JsonValue } from '../outputs/cell-message';
import { toCodeUnitOffset } from './code-points';

/** One thing that a kernel offers to complete with. */
export interface Completion {
  /** What is inserted. */
  readonly text: string;
  /** Offsets of what it takes the place of, in UTF-16 code units of the cell's code. */
  readonly start: number;
  readonly end: number;
  /** As Jedi names it: `function`, `class`, `module`, `keyword`, `path`… */
  readonly type: string | undefined;
  /** `(a, b=1)` */
  readonly signature: string | undefined;
}

/** More would not be read by anybody, and a directory can have a hundred thousand files. */
const maxCompletions = 1000;

/** Reads a `complete_reply` for this code. What is not as the protocol says gives nothing. */
export function readCompletions(code: string, content: unknown): Completion[] {
  const reply = toObject(content);
  if (reply['status'] !== undefined && reply['status'] !== 'ok') return [];
  const start = offsetOf(code, reply['cursor_start']);
  const end = offsetOf(code, reply['cursor_end']);
  if (start === undefined || end === undefined || start > end) return [];
  const typed = typedCompletions(code, reply);
  if (typed.length > 0) return typed;
  const matches = Array.isArray(reply['matches']) ? (reply['matches'] as readonly JsonValue[]) : [];
  return matches
    .map(toText)
    .filter((text) => text !== '')
    .slice(0, maxCompletions)
    .map((text) => ({ text, start, end, type: undefined, signature: undefined }));
}

/** IPython says more about each match beside the protocol's own list. */
function typedCompletions(code: string, reply: JsonObject): Completion[] {
  const entries = toObject(reply['metadata'])['_jupyter_types_experimental'];
  if (!Array.isArray(entries)) return [];
  return (entries as readonly JsonValue[]).slice(0, maxCompletions).flatMap((entry) => {
    const item = toObject(entry);
    const start = offsetOf(code, item['start']);
    const end = offsetOf(code, item['end']);
    const text = toText(item['text']);
    if (start === undefined || end === undefined || start > end || text === '') return [];
    const type = toText(item['type']);
    const signature = toSingleLine(toText(item['signature']), 200);
    return [
      {
        text,
        start,
        end,
        type: type === '' || type === '<unknown>' ? undefined : type,
        signature: signature === '' ? undefined : signature,
      },
    ];
  });
}

function offsetOf(code: string, value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
    ? toCodeUnitOffset(code, value)
    : undefined;
}
