import { readdir } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';

/** Whether a name fits a pattern of `*` and `?`. Linear in both lengths: patterns come from files of the user's choice. */
export function matchesPattern(name: string, pattern: string): boolean {
  let nameAt = 0;
  let patternAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (nameAt < name.length) {
    const wanted = pattern.charAt(patternAt);
    if (wanted === '*') {
      starAt = patternAt;
      resumeAt = nameAt;
      patternAt += 1;
    } else if (wanted !== '' && (wanted === '?' || wanted === name.charAt(nameAt))) {
      patternAt += 1;
      nameAt += 1;
    } else if (starAt >= 0) {
      patternAt = starAt + 1;
      resumeAt += 1;
      nameAt = resumeAt;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(patternAt));
}

const hasWildcard = (text: string) => /[*?]/.test(text);

/** The files that an absolute pattern names, sorted as glob(3) does. A name beginning with a dot has to be asked for by a dot. */
export async function expandPattern(pattern: string): Promise<readonly string[]> {
  if (!hasWildcard(pattern)) return [pattern];
  if (pattern === parse(pattern).root) return [pattern];
  const folders = await expandPattern(dirname(pattern));
  const last = basename(pattern);
  const found: string[] = [];
  for (const folder of folders) {
    if (!hasWildcard(last)) {
      found.push(join(folder, last));
      continue;
    }
    const names = await readdir(folder).catch(() => []);
    for (const entry of names) {
      const isHidden = entry.startsWith('.') && !last.startsWith('.');
      if (!isHidden && matchesPattern(entry, last)) found.push(join(folder, entry));
    }
  }
  return found.sort();
}
