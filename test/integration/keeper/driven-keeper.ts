import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { abortable, until, withDeadline } from '../../../src/base/time';
import {
  readLines,
  openSocketRequest,
  requestJson,
  requestText,
} from '../../../src/daemon/platform/socket-http';
import {
  keeperPaths,
  parseKeeperGreeting,
  parseKeeperRecord,
  parseKeeperState,
  type KeeperGreeting,
  type KeeperOrder,
  type KeeperSettings,
  type KeeperState,
} from '../../../src/protocol/keeper';
import { daemonBundle } from '../../support/daemon-bundle';
import { preparedEnvironment, type PreparedEnvironmentName } from '../../support/python-environments';
import { createTestHome } from '../../support/test-home';
import { KernelClient, type ClientOptions } from './kernel-client';

/** How long anything of a test may take that is not about time. */
export const patienceMs = 30_000;

/** Code of a cell that works until {@link DrivenKeeper.letFinish}, however slow the machine is. */
export const untilLet = 'import os, time\nwhile not os.path.exists("let"): time.sleep(0.02)\n';

/** A keeper's process driven as an agent drives it, with the folders of one test. */
export class DrivenKeeper {
  readonly greetings: KeeperGreeting[] = [];
  private readonly clients: KernelClient[] = [];

  constructor(
    readonly order: KeeperOrder,
    readonly process: ChildProcess,
    readonly home: string,
    readonly environment: Record<string, string>,
  ) {}

  /** The keeper's process id. */
  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Where it listens. */
  get socket(): string {
    return join(this.order.socketFolder, `${this.order.kernelId.replaceAll('-', '').slice(0, 12)}.sock`);
  }

  /** Waits for a greeting of that kind. */
  async greeting<E extends KeeperGreeting['event']>(
    event: E,
    timeoutMs = patienceMs,
  ): Promise<Extract<KeeperGreeting, { event: E }>> {
    const found = await until(
      () => this.greetings.find((one) => one.event === event || one.event === 'failed'),
      withDeadline(timeoutMs, `the greeting ${event}`),
      5,
    );
    if (found.event !== event) throw new Error(`the kernel did not start: ${JSON.stringify(found)}`);
    return found as Extract<KeeperGreeting, { event: E }>;
  }

  /** Resolves with the exit code when its process has ended. */
  async exited(timeoutMs = patienceMs): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null)
      await abortable(once(this.process, 'exit'), withDeadline(timeoutMs, 'the end of the keeper'));
    return this.process.exitCode;
  }

  readState(): Promise<KeeperState> {
    return requestJson(
      { socket: this.socket, path: keeperPaths.state, signal: deadline() },
      parseKeeperState,
    );
  }

  /** Waits until its state is as asked. */
  async untilState(isRight: (state: KeeperState) => boolean, timeoutMs = patienceMs): Promise<KeeperState> {
    const ask = async () => {
      const state = await this.readState();
      return isRight(state) ? state : undefined;
    };
    return until(ask, withDeadline(timeoutMs, 'a state of the kernel'));
  }

  readOutput(): Promise<string> {
    return requestText({ socket: this.socket, path: keeperPaths.output, signal: deadline() });
  }

  post(path: string): Promise<string> {
    return requestText({ socket: this.socket, path, method: 'POST', signal: deadline() });
  }

  change(settings: KeeperSettings): Promise<string> {
    const request = {
      socket: this.socket,
      path: keeperPaths.settings,
      method: 'PATCH',
      body: settings,
    } as const;
    return requestText({ ...request, signal: deadline() });
  }

  /** Lets a cell of {@link untilLet}, and all later ones, go on. */
  letFinish(): Promise<void> {
    return writeFile(join(this.home, 'let'), '');
  }

  /** Follows the stream of states until the signal aborts. */
  async *watchStates(signal: AbortSignal): AsyncGenerator<KeeperState> {
    const answer = await openSocketRequest({
      socket: this.socket,
      path: `${keeperPaths.state}?watch`,
      signal,
    });
    for await (const line of readLines(answer)) yield expectParsed(parseJson(line, parseKeeperState));
  }

  /** Opens a client's WebSocket. */
  async connect(options: ClientOptions = {}): Promise<KernelClient> {
    const client = await KernelClient.open(this.socket, this.order.kernelId, options);
    this.clients.push(client);
    return client;
  }

  /** Closes what the test has opened. */
  dispose(): void {
    for (const client of this.clients) client.terminate();
    this.process.stdout?.destroy();
    this.process.stderr?.destroy();
  }
}

/** What a test wants different from a usual order. */
export type OrderChanges = Partial<KeeperOrder> & { readonly python?: PreparedEnvironmentName };

/** Starts a keeper in folders of its own; everything that it leaves is ended after the test. `wrapper` is put before its command. */
export async function startKeeper(
  t: TestContext,
  changes: OrderChanges = {},
  wrapper: readonly string[] = [],
): Promise<DrivenKeeper> {
  const { home, environment } = await createTestHome(t);
  const { python = 'ipykernel', ...order } = changes;
  const prepared = await preparedEnvironment(python);
  const socketFolder = join(home, 's');
  await mkdir(socketFolder, { mode: 0o700 });
  const kernelId = randomUUID();
  const whole: KeeperOrder = {
    kernelId,
    argv: [prepared.python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    variables: environment,
    workingDirectory: home,
    transport: 'ipc',
    interruptMode: 'signal',
    environmentName: python,
    kernelspecName: 'python3',
    launcher: 'ipykernel',
    language: 'python',
    stateFolder: join(home, '.local', 'state', 'kernels', kernelId),
    socketFolder,
    startTimeoutMs: 60_000,
    settings: {},
    ...order,
  };
  return spawnKeeper(t, whole, home, environment, wrapper);
}

/** Starts a keeper with exactly this order. */
export function spawnKeeper(
  t: TestContext,
  order: KeeperOrder,
  home: string,
  environment: Record<string, string>,
  wrapper: readonly string[] = [],
): DrivenKeeper {
  const [program, ...words] = [...wrapper, globalThis.process.execPath, daemonBundle(), 'keeper'];
  const process = spawn(program, words, {
    detached: true,
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const keeper = new DrivenKeeper(order, process, home, environment);
  t.after(() => keeper.dispose());
  process.stdin.on('error', () => undefined);
  process.stdin.end(`${JSON.stringify(order)}\n`);
  let rest = '';
  process.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) keeper.greetings.push(expectParsed(parseJson(line, parseKeeperGreeting)));
  });
  process.stderr.resume();
  return keeper;
}

function deadline(): AbortSignal {
  return withDeadline(patienceMs, 'the keeper');
}

/**
 * Starts another keeper for the kernel of one that is gone, as an agent does that has found the record. `wrapper` is put before its command.
 */
export async function adoptKernel(
  t: TestContext,
  gone: DrivenKeeper,
  wrapper: readonly string[] = [],
): Promise<DrivenKeeper> {
  const text = await readFile(join(gone.order.stateFolder, 'record.json'), 'utf8');
  const record = expectParsed(parseJson(text, parseKeeperRecord));
  if (record.kernel === undefined) throw new Error('the record names no process');
  const { startedAt, gaps, restarts, kernel } = record;
  const order = { ...record.order, adopt: { ...kernel, startedAt, gaps, restarts } };
  return spawnKeeper(t, order, gone.home, gone.environment, wrapper);
}
