/**
 * Whether two documents hold the same code, so that one is the other saved under a name. Documents without any code are all alike and say
 * nothing.
 */
export function hasSameCells(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length || one.every((text) => text.trim() === '')) return false;
  return one.every((text, index) => text === other[index]);
}
