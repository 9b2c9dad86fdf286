import { formatPin, type Pin } from '../../../protocol/pin';

/** The full fingerprint in four lines of four groups, as a person compares it. */
export function fingerprintLines(pin: Pin): string {
  const groups = formatPin(pin).split(' ');
  const lines: string[] = [];
  for (let at = 0; at < groups.length; at += 4) lines.push(groups.slice(at, at + 4).join(' '));
  return lines.join('\n');
}

/** Whether the typed text is the end of the fingerprint, of exactly that length. Spaces, colons and case do not count. */
export function endsWithTyped(pin: Pin, typed: string, length: number): boolean {
  const hex = typed.replace(/[\s:]/g, '').toLowerCase();
  return hex.length === length && pin.endsWith(hex);
}
