import { constants } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import * as v from 'valibot';
import { systemErrorCode } from '../../base/errors';
import { toSingleLine } from '../../base/text';
import { findWriterFault, type FileWriters } from './file-writers';
import { describeIssue, describeUnknownKey, type Located } from './json-file-issues';

/** Something wrong in a file. Line and column count from 1; they are absent when it is about the file as a whole. */
export interface FileProblem {
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** What reading a configuration file gives: its content with the defaults, or all that is wrong with it, in the order of its lines. */
export type JsonFileReading<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** The keys as they are written in the file, without defaults. */
      readonly given: Readonly<Record<string, unknown>>;
      /** Whether there is no file. */
      readonly isDefault: boolean;
    }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** The shape of a configuration file: one object with known keys. */
export type FileSchema<T> = v.GenericSchema<unknown, T> & {
  readonly entries: Readonly<Record<string, unknown>>;
};

/** How a configuration file is read. */
export interface JsonFileOptions {
  readonly writers: FileWriters;
  /** Keys that mean something in another file, with the sentence that says where they belong. */
  readonly keysElsewhere?: Readonly<Record<string, string>>;
}

/** More than any list of accounts needs; a file that is larger is something else. */
const maxBytes = 8 * 1024 * 1024;

/** The key by which editors find the JSON schema of a file; allowed everywhere and ignored. */
const schemaKey = '$schema';

/** Reads a configuration file; one that is absent is an empty object, but a link to nowhere is a problem. It never rejects: what the system says is a problem of the file. */
export async function readJsonFile<T>(
  path: string,
  schema: FileSchema<T>,
  options: JsonFileOptions,
): Promise<JsonFileReading<T>> {
  const text = await readText(path, options);
  if (typeof text === 'object') return { ok: false, problems: [text] };
  const reading = parseJsonFile(text ?? '{}', schema, options.keysElsewhere);
  return reading.ok ? { ...reading, isDefault: text === undefined } : reading;
}

/**
 * Reads the text of a configuration file. It is JSON as RFC 8259 has it, without comments; a key that is unknown or there twice is a problem,
 * since a mistyped limit must not be a missing one.
 */
export function parseJsonFile<T>(
  text: string,
  schema: FileSchema<T>,
  keysElsewhere: JsonFileOptions['keysElsewhere'] = {},
): JsonFileReading<T> {
  if (text.trim() === '')
    return {
      ok: false,
      problems: [
        { line: 1, column: 1, message: 'not JSON: the file is empty; an empty configuration is {}' },
      ],
    };
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const found: Located[] = onePerLine(text, errors);
  const given: Record<string, unknown> = {};
  if (root?.type === 'object') found.push(...readKeys(root, schema, keysElsewhere, given));
  else if (errors.length === 0) found.push({ offset: 0, message: 'the configuration is not an object' });
  if (root?.type === 'object') {
    const result = v.safeParse(schema, given);
    if (result.success && found.length === 0)
      return { ok: true, value: result.output, given, isDefault: false };
    found.push(...(result.issues ?? []).map((issue) => describeIssue(root, schema, issue)));
  }
  const problems = found
    .sort((one, other) => one.offset - other.offset)
    .map(({ offset, message }) => ({ ...positionOf(text, offset), message }));
  return { ok: false, problems };
}

/** The problems as lines for a person: `/etc/remote-kernels/config.json:3:5: …`, which editors and terminals can follow. */
export function formatFileProblems(path: string, problems: readonly FileProblem[]): string {
  return problems
    .map(({ line, column, message }) =>
      line === undefined ? `${path}: ${message}` : `${path}:${line}:${column ?? 1}: ${message}`,
    )
    .join('\n');
}

async function readText(path: string, options: JsonFileOptions): Promise<string | undefined | FileProblem> {
  try {
    // Without O_NONBLOCK a pipe in the place of the file would be waited for.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) return { message: 'it is not a file' };
      const fault = findWriterFault(path, found, options.writers);
      if (fault !== undefined) return { message: fault };
      if (found.size > maxBytes) return { message: 'it is too large for a configuration' };
      return (await file.readFile('utf8')).replace(/^\ufeff/, '');
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return { message: `it cannot be read (${code})` };
    const link = await findBrokenLink(path);
    return link === undefined ? undefined : { message: `it cannot be read: ${link} is a link to nowhere` };
  }
}

/** The file or its folder, where that is a link whose target is not there: somebody means a file, and its limits must not be forgotten. */
async function findBrokenLink(path: string): Promise<string | undefined> {
  for (const place of [path, dirname(path)]) {
    const [found, target] = [
      await lstat(place).catch(() => undefined),
      await stat(place).catch(() => undefined),
    ];
    if (found?.isSymbolicLink() === true && target === undefined) return place;
  }
  return undefined;
}

/** A fault makes the parser stumble over what follows it, so that only the first of a line is told. */
function onePerLine(text: string, errors: readonly ParseError[]): Located[] {
  const seen = new Set<number>();
  return errors.flatMap(({ error, offset }) => {
    const { line } = positionOf(text, offset);
    if (seen.has(line)) return [];
    seen.add(line);
    const comma = findLastComma(text, offset);
    if (comma !== undefined)
      return [{ offset: comma, message: 'not JSON: there is no comma after the last entry' }];
    return [{ offset, message: `not JSON: ${syntaxSentences[printParseErrorCode(error)] ?? 'unreadable'}` }];
  });
}

/** Where the comma is that stands before a closing bracket at this place. */
function findLastComma(text: string, offset: number): number | undefined {
  if (!/^[}\]]/.test(text.slice(offset, offset + 1))) return undefined;
  const before = text.slice(0, offset).trimEnd();
  return before.endsWith(',') ? before.length - 1 : undefined;
}

const syntaxSentences: Readonly<Partial<Record<string, string>>> = {
  InvalidSymbol: 'a word that is neither a text in double quotes nor a number, true, false or null',
  InvalidNumberFormat: 'this is not a number',
  PropertyNameExpected: 'a key in double quotes is missing here',
  ValueExpected: 'a value is missing here',
  ColonExpected: 'a colon is missing here',
  CommaExpected: 'a comma is missing before this',
  CloseBraceExpected: 'a closing } is missing',
  CloseBracketExpected: 'a closing ] is missing',
  EndOfFileExpected: 'there is something after the end of the configuration',
  InvalidCommentToken: 'comments are not possible here',
  UnexpectedEndOfComment: 'comments are not possible here',
  UnexpectedEndOfString: 'the closing quote is missing',
  UnexpectedEndOfNumber: 'this number is not complete',
  InvalidUnicode: 'this \\u is not followed by four hexadecimal digits',
  InvalidEscapeCharacter: 'this \\ is followed by a character that it does not go with',
  InvalidCharacter: 'a control character has to be written as \\u and its number',
};

/** Collects the values of known keys and tells of the others. */
function readKeys(
  root: Node,
  schema: { readonly entries: Readonly<Record<string, unknown>> },
  keysElsewhere: Readonly<Record<string, string>>,
  given: Record<string, unknown>,
): Located[] {
  const found: Located[] = [];
  const lines = new Set<string>();
  for (const property of root.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    if (keyNode === undefined) continue;
    const key = String(keyNode.value);
    const at = { offset: keyNode.offset };
    if (lines.has(key)) found.push({ ...at, message: `"${toSingleLine(key)}" is there twice` });
    lines.add(key);
    if (valueNode !== undefined) found.push(...findDuplicates(valueNode));
    if (key === schemaKey) continue;
    const elsewhere = Object.hasOwn(keysElsewhere, key) ? keysElsewhere[key] : undefined;
    if (!Object.hasOwn(schema.entries, key))
      found.push({ ...at, message: elsewhere ?? describeUnknownKey(key, Object.keys(schema.entries)) });
    else if (valueNode !== undefined) given[key] = toValue(valueNode);
  }
  return found;
}

function findDuplicates(node: Node): Located[] {
  const seen = new Set<unknown>();
  return (node.children ?? []).flatMap((child) => {
    if (child.type !== 'property') return findDuplicates(child);
    const [keyNode, valueNode] = child.children ?? [];
    const inner = valueNode === undefined ? [] : findDuplicates(valueNode);
    if (keyNode === undefined || !seen.has(keyNode.value)) {
      seen.add(keyNode?.value);
      return inner;
    }
    return [
      { offset: keyNode.offset, message: `"${toSingleLine(String(keyNode.value))}" is there twice` },
      ...inner,
    ];
  });
}

/** The value of a node. */
function toValue(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(toValue);
  if (node.type !== 'object') return node.value;
  const entries = (node.children ?? []).flatMap(({ children }) => {
    const [key, value] = children ?? [];
    return key === undefined || value === undefined ? [] : [[String(key.value), toValue(value)] as const];
  });
  // Makes every key a property of the object's own, also `__proto__`.
  return Object.fromEntries(entries);
}

function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
