/** What a terminal acts on, or what changes the order of what is shown; JSON leaves it as it is. */
const invisible = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON for programs that can also be printed on a terminal: the same value, with everything escaped that does not stand for itself there. */
export function toVisibleJson(value: unknown): string {
  return JSON.stringify(value).replace(
    invisible,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
