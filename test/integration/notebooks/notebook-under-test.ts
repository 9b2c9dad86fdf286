import { randomBytes, randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { systemClock, until, withDeadline } from '../../../src/base/time';
import { canRunKernels, type Environment } from '../../../src/protocol/environments';
import { sessionPath } from '../../../src/protocol/identity';
import type { KernelDetails } from '../../../src/protocol/kernels';
import type { RememberedRun } from '../../../src/extension/notebooks/cell-runs';
import { NotebookExecution } from '../../../src/extension/notebooks/notebook-execution';
import type { AskInput } from '../../../src/extension/notebooks/input-requests';
import { AgentClient } from '../../../src/extension/remote/agent-client';
import type { RemoteAgent, RemoteKernel } from '../../../src/extension/remote/remote-agent';
import { createLocalTransport } from '../../../src/extension/transports/local/local-transport';
import type { Connection } from '../../../src/extension/transports/transport';
import { daemonBundle } from '../../support/daemon-bundle';
import { preparedEnvironment, type PreparedEnvironmentName } from '../../support/python-environments';
import { createTestHome } from '../../support/test-home';
import { FakeCell } from '../../unit/notebooks/fake-cell';

const clientId = randomBytes(16).toString('hex');

/** This machine as a host: its agent in a home of its own, reached as the extension reaches it. */
export interface HostUnderTest {
  readonly client: AgentClient;
  readonly environment: Environment;
  readonly home: string;
  /** Ends the connection as a network does that goes away. */
  cut(): void;
  /** Makes another one. */
  connect(): Promise<void>;
  startKernel(notebook: string, workingDirectory?: string): Promise<KernelDetails>;
}

/** Starts an agent for the test and waits until it lists the prepared environment. */
export async function startHost(t: TestContext, name: PreparedEnvironmentName): Promise<HostUnderTest> {
  const prepared = await preparedEnvironment(name);
  const { home, environment: variables } = await createTestHome(t);
  const transport = createLocalTransport({
    daemonPath: daemonBundle(),
    node: process.execPath,
    environment: variables,
    client: { clientId, windowId: randomUUID(), label: 'test' },
    logger: silentLogger,
  });
  const client = new AgentClient({ logger: silentLogger });
  t.after(() => client.dispose());
  let connection: Connection | undefined;
  const connect = async () => {
    const signal = withDeadline(30_000, 'the agent');
    connection = await transport.connect(
      { kind: 'local' },
      {
        hostName: 'this machine',
        secrets: {
          get: () => Promise.resolve(undefined),
          set: () => Promise.resolve(),
          delete: () => Promise.resolve(),
        },
        onStep: () => undefined,
        logger: silentLogger,
        signal,
      },
    );
    await client.attach(connection, signal);
  };
  const cut = () => {
    client.detach();
    connection?.dispose();
  };
  t.after(cut);
  await connect();
  await client.writePreferences(
    { searchFolders: [dirname(prepared.prefix)], restartKernelsAutomatically: false },
    AbortSignal.timeout(10_000),
  );
  await client.refreshEnvironments(AbortSignal.timeout(60_000));
  const environment = await until(
    () =>
      client.environments.items.find(
        (item) =>
          item.prefix === prepared.prefix ||
          (name === 'bash-kernel' && item.kind === 'kernelspec' && item.language === 'bash'),
      ),
    withDeadline(30_000, `the environment ${prepared.prefix} among those listed`),
  );
  if (!canRunKernels(environment)) throw new Error(`${environment.name} cannot run kernels`);
  return {
    client,
    environment,
    home,
    cut,
    connect,
    startKernel: (notebook, workingDirectory = '~') =>
      client.startKernel(
        {
          environmentId: environment.id,
          workingDirectory,
          session: {
            path: sessionPath(clientId, `file:///${notebook}`, notebook),
            name: notebook,
            type: 'notebook',
          },
        },
        AbortSignal.timeout(120_000),
      ),
  };
}

/** A notebook without an editor: cells that record what they show, on a kernel that is real. */
export class NotebookUnderTest {
  readonly errors: string[] = [];
  readonly nextInputs: { readonly text: string; readonly isReplacing: boolean }[] = [];
  remembered: readonly RememberedRun[] = [];
  restarts = 0;
  askInput: AskInput = () => Promise.resolve('');
  readonly kernel: RemoteKernel;
  readonly execution: NotebookExecution;
  private count = 0;

  constructor(
    t: TestContext,
    host: { readonly client: Pick<RemoteAgent, 'openKernel'> },
    kernelId: string,
    readonly sessionId: string = randomUUID(),
  ) {
    this.kernel = host.client.openKernel(kernelId, sessionId);
    this.execution = new NotebookExecution({
      kernel: this.kernel,
      clock: systemClock,
      logger: silentLogger,
      askInput: (question, signal) => this.askInput(question, signal),
      setNextInput: (_cell, text, isReplacing) => {
        this.nextInputs.push({ text, isReplacing });
        return Promise.resolve();
      },
      remember: (runs) => {
        this.remembered = runs;
      },
      onError: (name) => this.errors.push(name),
      onRestarting: () => {
        this.restarts += 1;
      },
      gapNote: () => 'missed without a keeper',
      missedNote: (awaySince) => `missed since ${awaySince === undefined ? 'ever' : 'a moment'}`,
    });
    this.execution.start();
    t.after(() => this.close());
  }

  /** Closes the notebook, not the kernel. */
  close(): void {
    this.execution.dispose();
    this.kernel.dispose();
  }

  /** Adds cells and runs them together. */
  enqueue(...codes: readonly string[]): FakeCell[] {
    const cells = codes.map((code) => {
      this.count += 1;
      return new FakeCell(`cell ${this.count}`, code);
    });
    this.execution.enqueue(cells);
    return cells;
  }

  /** Runs one cell and waits for its end. */
  async run(code: string): Promise<FakeCell> {
    const [cell] = this.enqueue(code);
    if (cell === undefined) throw new Error('no cell');
    await ended(cell);
    return cell;
  }
}

/** Resolves when the cell has ended. */
export async function ended(cell: FakeCell): Promise<void> {
  await until(
    () => (cell.result === undefined ? undefined : true),
    withDeadline(60_000, `the end of ${cell.text}`),
  );
}

/** Resolves when the cell shows the text. */
export async function shows(cell: FakeCell, text: string): Promise<void> {
  await until(
    () => (cell.texts.join('').includes(text) ? true : undefined),
    withDeadline(30_000, `${text} in ${cell.text}`),
  );
}
