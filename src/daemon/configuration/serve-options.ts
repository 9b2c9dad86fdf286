import { isIP } from 'node:net';
import { failed, parsed, type Parsed } from '../../base/parse';
import { defaultPort } from '../../protocol/front-door';

/** The options of `serve` as they were written. */
export interface ServeWords {
  readonly port?: string;
  readonly listen: readonly string[];
  readonly name?: string;
}

/** An address to listen on; an optional one may be missing on this machine. */
export interface ListenChoice {
  readonly host: string;
  readonly isOptional: boolean;
}

/** What `serve` does. */
export interface ServeOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly listen: readonly ListenChoice[];
  /** The name shown to people. */
  readonly name: string;
}

/** The longest name, in bytes of UTF-8: what the announcement carries. */
export const maxNameBytes = 63;

/**
 * Reads the options. By default it listens on loopback only, in both families where both are there; `--listen all` means every address. The
 * name is by default the first part of the host's name.
 */
export function readServeOptions(words: ServeWords, hostname: string): Parsed<ServeOptions> {
  const port = words.port === undefined ? parsed(defaultPort) : readPort(words.port);
  if (!port.ok) return port;
  const listen = readListen(words.listen);
  if (!listen.ok) return listen;
  const name = words.name === undefined ? parsed(defaultName(hostname)) : readName(words.name);
  if (!name.ok) return name;
  return parsed({ port: port.value, listen: listen.value, name: name.value });
}

function readPort(text: string): Parsed<number> {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port <= 65_535
    ? parsed(port)
    : failed(`--port ${text}: a port is a number from 1 to 65535, or 0 for one that is free`);
}

/**
 * The addresses that `--listen` or the configuration's `listen` mean, each once. Without any it is loopback only, in both families where both
 * are there.
 */
export function readListen(words: readonly string[]): Parsed<readonly ListenChoice[]> {
  const choices = new Map<string, ListenChoice>();
  for (const word of words.length === 0 ? ['localhost'] : words) {
    const meant = readListenWord(word);
    if (meant === undefined) return failed(`--listen ${word}: ${listenWordRule}`);
    for (const choice of meant) choices.set(choice.host, choice);
  }
  return parsed([...choices.values()]);
}

/** What a word to listen on can be. */
export const listenWordRule =
  'give an IP address of this machine (192.168.1.7, ::1), "localhost", or "all" for every address';

/** The addresses that one word means; `undefined` when it is none of {@link listenWordRule}. */
export function readListenWord(word: string): readonly ListenChoice[] | undefined {
  const host = word.replace(/^\[(.*)\]$/, '$1');
  if (host === 'all') return [required('0.0.0.0'), optional('::')];
  if (host === 'localhost') return [required('127.0.0.1'), optional('::1')];
  return isIP(host) === 0 ? undefined : [required(host)];
}

function required(host: string): ListenChoice {
  return { host, isOptional: false };
}

function optional(host: string): ListenChoice {
  return { host, isOptional: true };
}

function readName(text: string): Parsed<string> {
  const name = text.trim();
  if (name === '' || Buffer.byteLength(name) > maxNameBytes)
    return failed(`--name: a name has 1 to ${maxNameBytes} bytes`);
  return hasControlCharacters(name) ? failed('--name: a name has no control characters') : parsed(name);
}

/** Whether a name could change what a terminal or a log shows. */
export function hasControlCharacters(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what this expression is about
  return /[\u0000-\u001f\u007f]/.test(name);
}

/** The name of a host that nobody named: the first part of its own. */
export function defaultName(hostname: string): string {
  const first = readName(hostname.split('.')[0] ?? '');
  return first.ok ? first.value : 'remote-kernels';
}
