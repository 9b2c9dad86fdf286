import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { withDeadline } from '../../../src/base/time';
import { parseDaemonStatus, type DaemonStatus } from '../../../src/protocol/daemon-control';
import { parseSignedIn, type SignedIn } from '../../../src/protocol/front-door';
import { parseKernelModel } from '../../../src/protocol/jupyter';
import type { PrivateSystem } from '../../support/private-system';
import { preparedEnvironment } from '../../support/python-environments';
import { ask, bearer } from '../front-door/front-door-under-test';
import { startServe, type ServeProcess } from './serve-process';

/** What a front door answered. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A running `serve --json` of root in a private system. */
export interface SystemDaemon extends ServeProcess {
  readonly port: number;
  ask(method: string, path: string, token?: string, body?: unknown): Promise<Answer>;
  /** From that address of loopback, another source for every limit; by default the usual one. */
  signIn(username: string, password: string, from?: string): Promise<Answer>;
  /** Signs in, and fails with the answer when that is refused. */
  signedIn(username: string, password: string): Promise<SignedIn>;
  status(): Promise<DaemonStatus>;
}

/** How the daemon of a test differs from a usual one. */
export interface SystemDaemonOptions {
  /** A free one by default. */
  readonly port?: number;
  /** On loopback, where it listens. */
  readonly isAnnounced?: boolean;
  /** A program, with words, that becomes the daemon. */
  readonly wrapper?: readonly string[];
}

/** Starts the daemon on a port of loopback, by default a free one and without announcing it. */
export async function startSystemDaemon(
  system: PrivateSystem,
  words: readonly string[] = [],
  { port: wantedPort = 0, isAnnounced = false, wrapper = [] }: SystemDaemonOptions = {},
): Promise<SystemDaemon> {
  const own = ['--port', String(wantedPort), '--listen', '127.0.0.1'];
  const all = [...own, ...(isAnnounced ? [] : ['--no-announce']), ...words];
  const serve = await startServe(system, all, wrapper);
  const [port = wantedPort] = serve.ports();
  const signIn = (username: string, password: string, from?: string) =>
    askDoor(port, 'POST', '/sign-in', undefined, { username, answers: [password] }, from);
  return {
    ...serve,
    port,
    ask: (method, path, token, body) => askDoor(port, method, path, token, body),
    signIn,
    async signedIn(username, password) {
      const { status, text } = await signIn(username, password);
      if (status !== 200) throw new Error(`${username} cannot sign in: ${status} ${text}\n${serve.words()}`);
      return expectParsed(parseJson(text, parseSignedIn));
    },
    async status() {
      const text = await system.expect(system.nodePath, [system.programFile, 'status', '--json']);
      return expectParsed(parseJson(text, parseDaemonStatus));
    },
  };
}

/** Puts an environment with ipykernel where that user's agent finds it. Resolves with the path of its Python as the user sees it. */
export async function giveEnvironment(system: PrivateSystem, user: string): Promise<string> {
  const { prefix } = await preparedEnvironment('ipykernel');
  const folder = `/home/${user}/.virtualenvs/ipykernel`;
  await system.expect('mkdir', ['-p', `/home/${user}/.virtualenvs`]);
  await cp(prefix, system.outside(folder), { recursive: true, verbatimSymlinks: true });
  await system.expect('chown', ['-R', `${user}:`, `/home/${user}/.virtualenvs`]);
  return `${folder}/bin/python`;
}

/** Starts a kernel of the default kernelspec by the Jupyter server API. Resolves with its id. */
export async function startKernel(daemon: SystemDaemon, token: string): Promise<string> {
  const specs = await daemon.ask('GET', '/api/kernelspecs', token);
  const { default: name } = JSON.parse(specs.text) as { default: string };
  const { status, text } = await daemon.ask('POST', '/api/kernels', token, { name });
  assert.equal(status, 201, text);
  return expectParsed(parseJson(text, parseKernelModel)).id;
}

/** A line of `/proc/PID/status`, as its words. */
export async function processStatus(system: PrivateSystem, pid: number, name: string): Promise<string[]> {
  const text = await system.expect('cat', [`/proc/${pid}/status`]);
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}:`));
  return (line ?? '').split(/\s+/).slice(1);
}

function askDoor(
  port: number,
  method: string,
  path: string,
  token: string | undefined,
  body: unknown,
  from?: string,
): Promise<Answer> {
  const options = {
    method,
    path,
    ...(from === undefined ? {} : { localAddress: from }),
    signal: withDeadline(90_000, `${method} ${path}`),
    headers: {
      ...(token === undefined ? {} : bearer(token)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  };
  return ask(port, options, body === undefined ? undefined : JSON.stringify(body));
}
