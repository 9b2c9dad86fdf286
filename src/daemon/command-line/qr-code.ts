import { encode } from 'uqr';

/** A QR code for a terminal: two rows of modules a line, black on white whatever the colours of the terminal are. */
export function formatQrCode(text: string): string {
  const { data } = encode(text, { border: 2, ecc: 'M' });
  const lines: string[] = [];
  for (let row = 0; row < data.length; row += 2) {
    const upper = data[row] ?? [];
    const lower = data[row + 1] ?? [];
    const marks = upper.map((isDark, column) => blocks[(isDark ? 1 : 0) + (lower[column] === true ? 2 : 0)]);
    lines.push(`\u001b[30;107m${marks.join('')}\u001b[0m`);
  }
  return lines.join('\n');
}

/** By the number of upper (1) and lower (2) module. */
const blocks = [' ', '▀', '▄', '█'] as const;
