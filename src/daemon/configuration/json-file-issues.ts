import { findNodeAtLocation, type Node } from 'jsonc-parser';
import type * as v from 'valibot';
import { nearestWord } from '../../base/nearest-word';
import { toSingleLine } from '../../base/text';

/** Something wrong at a place of a text, in characters from its beginning. */
export interface Located {
  readonly offset: number;
  readonly message: string;
}

type Path = readonly (string | number)[];

/** The sentence about a key that is none of the known ones, with the one that was probably meant. */
export function describeUnknownKey(key: string, known: readonly string[], where = ''): string {
  const nearest = nearestWord(key, known);
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  return `there is no key "${toSingleLine(key)}"${where === '' ? '' : ` in "${where}"`}${hint}`;
}

/** What a schema found wrong, at its place in the text that the tree was read from. */
export function describeIssue(root: Node, schema: unknown, issue: v.BaseIssue<unknown>): Located {
  const { found, path } = deepest(issue, pathOf(issue));
  const node = findNodeAtLocation(root, [...path]);
  const inner = path.slice(0, -1);
  const key = path.at(-1);
  if (found.type === 'strict_object' && found.expected === 'never' && key !== undefined) {
    const keyNode = node?.parent?.children?.[0];
    const message = describeUnknownKey(String(key), keysAt(schema, inner), formatPath(inner));
    return { offset: keyNode?.offset ?? root.offset, message };
  }
  const message = `${found.message.charAt(0).toLowerCase()}${found.message.slice(1)}`;
  return {
    offset: node?.offset ?? root.offset,
    message: `"${formatPath(path)}": ${toSingleLine(
      message.replace(/: (Expected|Received)/, (word) => word.toLowerCase()),
      500,
    )}`,
  };
}

/** Of a value that can be several things, the one of the fitting kind knows the place: its fault lies deeper than those of the others. */
function deepest(
  issue: v.BaseIssue<unknown>,
  path: Path,
): { readonly found: v.BaseIssue<unknown>; readonly path: Path } {
  const [inner] = (issue.issues ?? [])
    .filter((one) => (one.path ?? []).length > 0)
    .sort((one, other) => (other.path ?? []).length - (one.path ?? []).length);
  return inner === undefined ? { found: issue, path } : deepest(inner, [...path, ...pathOf(inner)]);
}

function pathOf(issue: v.BaseIssue<unknown>): Path {
  return (issue.path ?? []).map(({ key }) => key as string | number);
}

function formatPath(path: Path): string {
  const parts = path.map((part, at) =>
    typeof part === 'number' ? `[${part}]` : at === 0 ? toSingleLine(part) : `.${toSingleLine(part)}`,
  );
  return parts.join('');
}

/** The keys that the schema knows at a place; none where it takes any key or holds no object. */
function keysAt(schema: unknown, path: Path): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if ('wrapped' in schema) return keysAt(schema.wrapped, path);
  if ('options' in schema && Array.isArray(schema.options))
    return schema.options.flatMap((option: unknown) => keysAt(option, path));
  const [part, ...rest] = path;
  if ('item' in schema && typeof part === 'number') return keysAt(schema.item, rest);
  if (!('entries' in schema) || typeof schema.entries !== 'object' || schema.entries === null) return [];
  if (part === undefined) return Object.keys(schema.entries);
  const inner = Object.entries(schema.entries).find(([key]) => key === part);
  return keysAt(inner?.[1], rest);
}
