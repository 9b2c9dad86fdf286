/**
 * Text that came from elsewhere, made safe to show in one line: control characters and line ends become a visible mark, and marks that
 * change the direction of writing are removed, since they can make a name read as another one.
 */
export function toSingleLine(text: string, maxLength = 200): string {
  const clean = text
    .replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g, '')
    // eslint-disable-next-line no-control-regex -- control characters are what this expression is about
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, '␤');
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1)}…` : clean;
}

/** Keeps `$(name)` from becoming an icon where VS Code renders codicons in labels: a zero-width space breaks the pattern. */
export function escapeCodicons(text: string): string {
  return text.replace(/\$\(/g, '$\u200b(');
}

/**
 * Keeps `[text](command:…)` from becoming a link where VS Code makes links in plain text: messages and progress of notifications, and the lines
 * below input boxes. A click on such a link runs a command, so only our own text may hold one. A zero-width space breaks the pattern.
 */
export function escapeLinks(text: string): string {
  return text.replace(/\]\(/g, ']\u200b(');
}

/** Text for a Markdown tooltip in which nothing of it is markup. */
export function escapeMarkdown(text: string): string {
  return toSingleLine(text, 1000)
    .replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, '\\$&')
    .replace(/https?:/gi, (scheme) => `${scheme.slice(0, -1)}\u200b:`);
}

/** `3.1 GB`, in powers of 1000 as VS Code shows sizes. */
export function formatBytes(sizeBytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value).toString()} ${units[unit] ?? 'B'}`;
}

/** `45 s`, `3 min`, `2 h`, `5 d`: one unit, rounded down. */
export function formatDuration(timeMs: number): string {
  const seconds = Math.max(0, Math.floor(timeMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
