/**
 * Jupyter counts positions in Unicode code points (messaging protocol 5.2), the editor in UTF-16 code units: they differ after every
 * character outside the basic plane, such as an emoji.
 */
export function toCodePointOffset(text: string, codeUnitOffset: number): number {
  let count = 0;
  for (let index = 0; index < Math.min(codeUnitOffset, text.length); count += 1)
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

/** The way back; an offset behind the end is the end. */
export function toCodeUnitOffset(text: string, codePointOffset: number): number {
  let index = 0;
  for (let count = 0; count < codePointOffset && index < text.length; count += 1)
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return index;
}
