import type { TreeRow } from './row';

/**
 * Which rows have to be drawn again to come from one tree to the other: the rows themselves, or `root` when rows on the first level came, went
 * or moved. A row that is drawn again brings everything below it along, so nothing below it is named.
 */
export function changedRows(
  before: readonly TreeRow[],
  after: readonly TreeRow[],
): 'root' | readonly string[] {
  if (!hasSameIds(before, after)) return 'root';
  const changed: string[] = [];
  after.forEach((row, index) => {
    const old = before[index];
    if (old !== undefined) collectChanges(old, row, changed);
  });
  return changed;
}

function collectChanges(before: TreeRow, after: TreeRow, changed: string[]): void {
  if (before === after) return;
  if (!looksSame(before, after) || !hasSameIds(before.children, after.children)) {
    changed.push(after.id);
    return;
  }
  after.children.forEach((row, index) => {
    const old = before.children[index];
    if (old !== undefined) collectChanges(old, row, changed);
  });
}

/** Tooltips are read when the pointer rests, so that a changed one alone draws nothing anew. */
function looksSame(one: TreeRow, other: TreeRow): boolean {
  return (
    one.label === other.label &&
    one.description === other.description &&
    one.icon.id === other.icon.id &&
    one.icon.color === other.icon.color &&
    one.accessibilityLabel === other.accessibilityLabel &&
    one.contextValue === other.contextValue &&
    one.isGreyed === other.isGreyed &&
    one.expansion === other.expansion
  );
}

function hasSameIds(one: readonly TreeRow[], other: readonly TreeRow[]): boolean {
  return one.length === other.length && one.every((row, index) => row.id === other[index]?.id);
}
