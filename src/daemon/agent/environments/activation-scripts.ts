import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import { abortable, withDeadline } from '../../../base/time';
import { isFault, type Files } from './files';
import { captureVariables } from './shell-capture';
import { withoutShellState, type Variables } from './variables';

/** All that the scripts of one environment may take. */
const scriptsTimeoutMs = 10_000;

/** The results of this many environments are kept. */
const maxKept = 200;

interface Kept {
  /** What the result was computed from. */
  readonly stamp: string;
  readonly variables: Promise<Record<string, string>>;
}

const results = new Map<string, Kept>();

/**
 * Sources the scripts in a prefix's `etc/conda/activate.d`, in the order of their names, with bash where there is one (many of them are written for it)
 * and sh elsewhere, and gives the variables afterwards. The result is kept until a script or a variable that it started from changes. Scripts
 * that fail or take more than 10 s leave the variables as they were.
 */
export async function runActivationScripts(
  prefix: string,
  variables: Record<string, string>,
  options: { readonly files: Files; readonly signal: AbortSignal; readonly logger: Logger },
): Promise<Record<string, string>> {
  const { files, signal, logger } = options;
  const folder = join(prefix, 'etc', 'conda', 'activate.d');
  const entries = await files.list(folder);
  const names = isFault(entries)
    ? []
    : entries.map((entry) => entry.name).filter((name) => name.endsWith('.sh'));
  if (names.length === 0) return variables;
  const scripts = names.sort().map((name) => join(folder, name));
  const stamp = await stampOf(files, scripts, variables);
  let kept = results.get(prefix);
  if (kept?.stamp !== stamp) {
    const run = sourceScripts(scripts, variables, logger);
    kept = { stamp, variables: run.then(({ result }) => result) };
    keep(prefix, kept);
    // A failure may have been of the moment: the next start tries again.
    run.then(
      ({ isComplete }) => {
        if (!isComplete && results.get(prefix)?.stamp === stamp) results.delete(prefix);
      },
      (error: unknown) => logger.error('activation failed', error),
    );
  }
  return { ...(await abortable(kept.variables, signal)) };
}

async function sourceScripts(
  scripts: readonly string[],
  variables: Variables,
  logger: Logger,
): Promise<{ result: Record<string, string>; isComplete: boolean }> {
  const bash = ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash'].find((path) => existsSync(path));
  const options = bash === undefined ? [] : ['--noprofile', '--norc'];
  try {
    const told = await captureVariables({
      program: bash ?? '/bin/sh',
      // The trap tells the variables also when a script says `exit`. What scripts print is not wanted.
      arguments: (print) => [...options, '-c', shellScript(print), 'activate', ...scripts],
      input: () => '',
      variables,
      workingDirectory: '/',
      signal: withDeadline(scriptsTimeoutMs, 'the scripts that activate the environment'),
    });
    return { result: restoreShellState(told, variables), isComplete: true };
  } catch (error) {
    logger.warn(`the environment is used without its activation scripts: ${toError(error).message}`);
    return { result: { ...variables }, isComplete: false };
  }
}

function shellScript(print: string): string {
  return [
    `tell() { trap - EXIT; { ${print}; } >&3; }`,
    'exec 3>&1 1>/dev/null',
    'trap tell EXIT',
    'for activation_script in "$@"; do . "$activation_script"; done',
  ].join('\n');
}

function restoreShellState(told: Record<string, string>, before: Variables): Record<string, string> {
  const after = withoutShellState(told);
  for (const name of ['PWD', 'OLDPWD', 'SHLVL', '_']) {
    const value = before[name];
    if (value !== undefined) after[name] = value;
  }
  return after;
}

/** Variables can hold secrets, so only a hash of them is kept as the key. */
async function stampOf(files: Files, scripts: readonly string[], variables: Variables): Promise<string> {
  const hash = createHash('sha256');
  for (const script of scripts) {
    const facts = await files.stat(script);
    hash.update(`${script}\0${isFault(facts) ? facts.code : facts.stamp}\0`);
  }
  for (const name of Object.keys(variables).sort()) hash.update(`${name}=${variables[name] ?? ''}\0`);
  return hash.digest('hex');
}

function keep(prefix: string, kept: Kept): void {
  results.delete(prefix);
  results.set(prefix, kept);
  const [oldest] = results.keys();
  if (results.size > maxKept && oldest !== undefined) results.delete(oldest);
}
