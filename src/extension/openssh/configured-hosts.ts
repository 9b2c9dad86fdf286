import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { systemErrorCode } from '../../base/errors';
import { readConfigurationLines } from './configuration-lines';
import { expandPattern } from './glob';

/** As deep as OpenSSH follows `Include` (readconf.c, READCONF_MAX_DEPTH). */
const maxDepth = 16;
const maxFiles = 256;
const maxFileBytes = 1024 * 1024;

/** The hosts that a configuration names, and the files it consists of. */
export interface ConfiguredHosts {
  /** The names that a person would give to `ssh`, in the order of the files, each once. */
  readonly aliases: readonly string[];
  /** All files read or looked for, so that their changes can be followed. */
  readonly files: readonly string[];
  /** What could not be read, as sentences for the log. */
  readonly problems: readonly string[];
}

/**
 * Lists the hosts that `~/.ssh/config` names, following `Include`. Patterns (`*`, `?`) and negations name no host and are left out. `Match` blocks
 * are passed over, because their conditions may run programs: listing never runs anything and never asks `ssh`. What the settings of a host are
 * is decided by `ssh -G`, when a person connects.
 */
export async function readConfiguredHosts(homeFolder: string): Promise<ConfiguredHosts> {
  const sshFolder = join(homeFolder, '.ssh');
  const aliases = new Set<string>();
  const files = new Set<string>();
  const problems: string[] = [];

  const readOne = async (path: string, depth: number): Promise<void> => {
    if (depth > maxDepth || files.size >= maxFiles) {
      problems.push(`${path} is not read: too many files include each other`);
      return;
    }
    files.add(path);
    for (const { keyword, words } of readConfigurationLines(await readText(path, problems))) {
      if (keyword === 'host') {
        for (const word of words) if (isAlias(word)) aliases.add(word);
      } else if (keyword === 'include') {
        for (const word of words) {
          for (const included of await expandPattern(toAbsolute(word, homeFolder, sshFolder)))
            await readOne(included, depth + 1);
        }
      }
    }
  };

  await readOne(join(sshFolder, 'config'), 0);
  return { aliases: [...aliases], files: [...files], problems };
}

/** A name and no pattern; a name that a program would take for an option is nobody's host. */
function isAlias(word: string): boolean {
  return word.length <= 255 && !/[*?!]/.test(word) && !word.startsWith('-') && /^\S+$/.test(word);
}

/** Paths of `Include` are relative to `~/.ssh` in a user's configuration (ssh_config(5)). */
function toAbsolute(path: string, homeFolder: string, sshFolder: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homeFolder, path.slice(1));
  return isAbsolute(path) ? path : join(sshFolder, path);
}

async function readText(path: string, problems: string[]): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length <= maxFileBytes) return text;
    problems.push(`${path} is not read: it is larger than ${maxFileBytes} bytes`);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT')
      problems.push(`${path} is not read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return '';
}
