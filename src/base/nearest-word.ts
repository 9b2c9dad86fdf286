/**
 * The known word that is near enough to the given one to be meant by it: a few letters differ, or it begins like that. `undefined` when
 * none is.
 */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance);
  if (best === undefined) return undefined;
  const isNear = best.distance <= Math.max(2, Math.floor(best.name.length / 3)) || best.name.startsWith(word);
  return isNear ? best.name : undefined;
}

/** How many letters have to be added, removed or changed (Levenshtein). */
export function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let at = 1; at <= one.length; at += 1) {
    const next = [at];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[at - 1] === other[column - 1];
      next.push(
        Math.min(
          (row[column] ?? 0) + 1,
          (next[column - 1] ?? 0) + 1,
          (row[column - 1] ?? 0) + (isSame ? 0 : 1),
        ),
      );
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
