/** The levels of VS Code's log channels, the most talkative first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** Where a part of the program says what it does. Lines hold no secret; {@link redact} is the net below that rule, not a permission. */
export interface Logger {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string, cause?: unknown): void;
  /** The same log with a prefix such as a host or a kernel's short id. */
  child(prefix: string): Logger;
}

/** Takes finished lines; the one thing that differs between a terminal, a file and an output channel. */
export type LogSink = (level: LogLevel, line: string) => void;

/**
 * Makes a logger over a sink. Control characters of a message are escaped, line ends among them, so that remote text cannot write lines of its
 * own. Only the frames of an error's stack, which are this program's, stand on lines of their own.
 */
export function createLogger(sink: LogSink, prefix = ''): Logger {
  const write = (level: LogLevel, message: string, frames = '') =>
    sink(level, escapeControls(redact(prefix + message)) + frames);
  return {
    trace: (message) => write('trace', message),
    debug: (message) => write('debug', message),
    info: (message) => write('info', message),
    warn: (message) => write('warn', message),
    error(message, cause) {
      if (!(cause instanceof Error)) {
        write('error', message);
        return;
      }
      const { header, frames } = splitStack(cause);
      write('error', `${message}: ${header}`, frames);
    },
    child: (more) => createLogger(sink, `${prefix}[${more}] `),
  };
}

/** A logger that writes nowhere. */
export const silentLogger: Logger = createLogger(() => undefined);

/** Replaces what looks like a bearer token, a `?token=` or a signed key in a line of log. */
export function redact(text: string): string {
  return text
    .replace(/\b(bearer|token)\s+[A-Za-z0-9._~+/-]{16,}=*/gi, '$1 [redacted]')
    .replace(/([?&](?:token|code|key)=)[^&\s]+/gi, '$1[redacted]');
}

/** The words of an error, which can be anybody's, and the frames below them. Frames that cannot be told from the words count as words. */
function splitStack(error: Error): { readonly header: string; readonly frames: string } {
  const { stack, message } = error;
  if (stack === undefined) return { header: message, frames: '' };
  const at = stack.indexOf(message);
  const end = stack.indexOf('\n', at + message.length);
  if (at < 0 || end < 0) return { header: stack, frames: '' };
  const lines = stack.slice(end + 1).split('\n');
  if (!lines.every((line) => line.startsWith('    at '))) return { header: stack, frames: '' };
  return { header: stack.slice(0, end), frames: lines.map((line) => `\n${escapeControls(line)}`).join('') };
}

/** Escapes control characters other than tabs, which stay readable. */
function escapeControls(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this function is about
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
