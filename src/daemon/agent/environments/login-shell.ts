import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isAbortError, systemErrorCode, toError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import { abortable, withDeadline } from '../../../base/time';
import { captureVariables, type CaptureRequest } from './shell-capture';
import { fallbackPath, withoutMisleading, withoutOurs, withoutShellState } from './variables';

/** What is needed to ask a user's login shell. */
export interface LoginShellOptions {
  /** Absolute, as in the user's account. */
  readonly shell: string;
  readonly homeFolder: string;
  /** The agent's own variables, which the shell inherits except those that belong to us. */
  readonly variables: NodeJS.ProcessEnv;
  /** All that the shell may take, 10 s by default. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** All that a login shell may take. */
const loginTimeoutMs = 10_000;

/** The part of it that the first way of asking may take, so that a second is left for a start-up file that waits for a person. */
const interactivePart = 0.6;

/** How long a shell that did not answer is not asked again. */
const failureTimeMs = 5 * 60_000;

/** Files that a shell reads at its start: while they are the same, so are the variables. */
const startFiles = [
  '.profile',
  '.bash_profile',
  '.bash_login',
  '.bashrc',
  '.zshenv',
  '.zprofile',
  '.zshrc',
  '.zlogin',
  '.kshrc',
  '.login',
  '.cshrc',
  '.tcshrc',
  '.config/fish/config.fish',
  '.config/fish/fish_variables',
];

interface Answer {
  readonly stamp: string;
  readonly told: Promise<{ readonly variables: Record<string, string>; readonly isBare: boolean }>;
  /** Set when the shell did not answer, so that it is asked again later. */
  expiresAtMs: number;
}

const answers = new Map<string, Answer>();

/**
 * The variables that the user's login shell exports, read between random marks within 10 s; those that the agent itself was given when the
 * shell does not answer. The answer is kept until a start-up file changes; callers share one run of the shell, and the signal ends only
 * the caller's own wait. What the shell says of itself (`PWD`, `SHLVL`, `_`) is left out.
 */
export async function readLoginVariables(options: LoginShellOptions): Promise<Record<string, string>> {
  const key = `${options.shell}\0${options.homeFolder}`;
  const stamp = await stampOf(options.homeFolder);
  let answer = answers.get(key);
  if (answer === undefined || answer.stamp !== stamp || answer.expiresAtMs < Date.now()) {
    answer = { stamp, told: ask(options), expiresAtMs: Infinity };
    answers.set(key, answer);
  }
  const { variables, isBare } = await abortable(answer.told, options.signal);
  if (isBare && answer.expiresAtMs === Infinity) answer.expiresAtMs = Date.now() + failureTimeMs;
  return { ...variables };
}

async function ask(
  options: LoginShellOptions,
): Promise<{ variables: Record<string, string>; isBare: boolean }> {
  const { shell, homeFolder, logger } = options;
  const bare = bareVariables(options);
  if (isNoShell(shell)) return { variables: bare, isBare: true };
  const timeoutMs = options.timeoutMs ?? loginTimeoutMs;
  const deadline = withDeadline(timeoutMs, `the login shell ${shell}`);
  for (const way of waysToAsk(shell)) {
    const signal = way.isLast
      ? deadline
      : withDeadline(timeoutMs * interactivePart, `the login shell ${shell}`, deadline);
    try {
      const variables = await captureVariables({
        ...way.request,
        program: shell,
        variables: { ...bare, TERM: 'dumb', REMOTE_KERNELS_READING_VARIABLES: '1' },
        workingDirectory: homeFolder,
        signal,
      });
      return { variables: finished(variables, bare), isBare: false };
    } catch (error) {
      // Start-up files are the user's: what they print may be secret, so only how the shell ended is logged.
      const message = isAbortError(error) ? toError(error).message : `it failed: ${toError(error).message}`;
      logger.warn(
        `the login shell did not tell its variables${way.isLast ? '' : ', asking once more'}: ${message}`,
      );
      if (deadline.aborted) break;
    }
  }
  return { variables: bare, isBare: true };
}

/**
 * An interactive login shell first, since people put `PATH` and `conda` into files that only such a one reads; then one that is not. Every way
 * also writes the command to standard input: a start-up file that ends in `exec fish` leaves a shell that reads it there.
 */
function waysToAsk(
  shell: string,
): { isLast: boolean; request: Pick<CaptureRequest, 'arguments' | 'input'> }[] {
  const name = basename(shell);
  const input = (print: string) => `${print}\nexit\n`;
  // csh takes -l only alone, and reads its commands from standard input.
  if (/^t?csh$/.test(name)) return [{ isLast: true, request: { arguments: () => ['-l'], input } }];
  return [
    { isLast: false, request: { arguments: (print) => ['-i', '-l', '-c', print], input } },
    { isLast: true, request: { arguments: (print) => ['-l', '-c', print], input } },
  ];
}

/** Shells that only refuse. */
function isNoShell(shell: string): boolean {
  return shell === '' || /^(?:nologin|false|true|sync|git-shell)$/.test(basename(shell));
}

/** What a session of this user has without any shell. */
function bareVariables(options: LoginShellOptions): Record<string, string> {
  const inherited = withoutShellState(withoutOurs(options.variables));
  return { PATH: fallbackPath, ...inherited, HOME: options.homeFolder, SHELL: options.shell };
}

/** Without what we set for the shell alone, and with a terminal type only if somebody else chose one. */
function finished(told: Record<string, string>, bare: Record<string, string>): Record<string, string> {
  const variables = withoutShellState(withoutMisleading(told));
  if (variables['TERM'] === 'dumb') delete variables['TERM'];
  return bare['TERM'] === undefined ? variables : { TERM: bare['TERM'], ...variables };
}

async function stampOf(homeFolder: string): Promise<string> {
  const files = ['/etc/profile', '/etc/environment', ...startFiles.map((name) => join(homeFolder, name))];
  const stamps = await Promise.all(files.map(stampOfFile));
  return stamps.join(' ');
}

async function stampOfFile(path: string): Promise<string> {
  try {
    const { ino, mtimeMs, size } = await stat(path);
    return `${ino}:${mtimeMs}:${size}`;
  } catch (error) {
    return systemErrorCode(error) ?? 'unknown';
  }
}
