import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { expectParsed, parseJson } from '../../../../src/base/parse';
import { until, withDeadline } from '../../../../src/base/time';
import { agentPaths } from '../../../../src/protocol/agent';
import { parseAgentAddress, type AgentAddress } from '../../../../src/protocol/command-line';
import { parseEnvironmentEvent, type Environment } from '../../../../src/protocol/environments';
import { parseKernelDetails, type KernelDetails, type KernelRequest } from '../../../../src/protocol/kernels';
import { daemonBundle } from '../../../support/daemon-bundle';
import { preparedEnvironment, type PreparedEnvironmentName } from '../../../support/python-environments';
import { createTestHome, type TestHome } from '../../../support/test-home';

/** What one request was answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  readonly json: unknown;
}

/** How an agent of a test is started. */
export interface AgentSetup {
  /** Python environments that the agent finds, by a link in `~/.virtualenvs`. */
  readonly environments?: readonly PreparedEnvironmentName[];
  /** The content of the user's configuration file. */
  readonly configuration?: object;
  /** Variables beyond those of the test's home. */
  readonly variables?: Record<string, string>;
}

/** The agent of a person with a home of their own. */
export interface AgentUnderTest extends TestHome {
  /** The address as of the last start. */
  address: AgentAddress;
  readonly configurationFile: string;
  /** Finds or starts the agent once more and takes its address. */
  restart(): Promise<AgentAddress>;
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The environment with that name, once it is found. */
  findEnvironment(name: PreparedEnvironmentName): Promise<Environment>;
  startKernel(
    request: Partial<KernelRequest> & { readonly name?: PreparedEnvironmentName },
  ): Promise<KernelDetails>;
  kernel(id: string): Promise<KernelDetails>;
  /** The state folder. */
  readonly stateFolder: () => Promise<string>;
}

/** Runs `remote-kernels agent` with these words. Resolves with what it printed, whatever its exit code. */
export function runAgentCommand(
  environment: Record<string, string>,
  words: readonly string[] = ['--json'],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [daemonBundle(), 'agent', ...words],
      { env: environment, timeout: 60_000 },
      (error, stdout, stderr) =>
        resolve({
          code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        }),
    );
  });
}

/** Finds or starts the agent and gives its address; fails with what the command said. */
export async function findAgentAddress(environment: Record<string, string>): Promise<AgentAddress> {
  const { code, stdout, stderr } = await runAgentCommand(environment);
  if (code !== 0) throw new Error(`the command ended with ${code}: ${stderr}`);
  return expectParsed(parseJson(stdout, parseAgentAddress));
}

/** One request on a socket. */
export function askSocket(
  socket: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const outgoing = request(
      {
        socketPath: socket,
        method,
        path,
        agent: false,
        timeout: 90_000,
        headers: {
          host: 'localhost',
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...headers,
        },
      },
      (answer) => {
        let received = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (received += chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: received,
            json: parseIfJson(received),
          }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

/** Starts an agent in a home of its own. Everything is ended after the test. */
export async function startAgent(t: TestContext, setup: AgentSetup = {}): Promise<AgentUnderTest> {
  const home = await createTestHome(t);
  const environment = { ...home.environment, ...setup.variables };
  const configurationFile = join(home.home, '.config', 'remote-kernels', 'agent.json');
  await mkdir(dirname(configurationFile), { recursive: true });
  if (setup.configuration !== undefined)
    await writeFile(configurationFile, JSON.stringify(setup.configuration));
  await mkdir(join(home.home, '.virtualenvs'), { recursive: true });
  for (const name of setup.environments ?? []) {
    await symlink((await preparedEnvironment(name)).prefix, join(home.home, '.virtualenvs', name));
  }
  const agent: AgentUnderTest = {
    home: home.home,
    environment,
    configurationFile,
    address: await findAgentAddress(environment),
    async restart() {
      agent.address = await findAgentAddress(environment);
      return agent.address;
    },
    ask: (method, path, body, headers) => askSocket(agent.address.socket, method, path, body, headers),
    async findEnvironment(name) {
      const { prefix } = await preparedEnvironment(name);
      const listed = await agent.ask('GET', agentPaths.environments);
      for (const line of listed.text.trim().split('\n')) {
        const event = expectParsed(parseJson(line, parseEnvironmentEvent));
        if (event.event === 'environment' && isAt(event.environment, name, prefix)) return event.environment;
      }
      throw new Error(`${name} is not listed:\n${listed.text}`);
    },
    async startKernel({ name = 'ipykernel', ...more }) {
      const { id } = await agent.findEnvironment(name);
      const answer = await agent.ask('POST', agentPaths.kernels, { environmentId: id, ...more });
      if (answer.status >= 300) throw new Error(`the kernel did not start: ${answer.text}`);
      return expectParsed(parseJson(answer.text, parseKernelDetails));
    },
    async kernel(id) {
      const answer = await agent.ask('GET', `${agentPaths.kernels}/${id}`);
      return expectParsed(parseJson(answer.text, parseKernelDetails));
    },
    async stateFolder() {
      const { readdir } = await import('node:fs/promises');
      const base = join(home.home, '.local', 'state', 'remote-kernels');
      const [name] = await readdir(base);
      return join(base, name ?? '');
    },
  };
  return agent;
}

function isAt(environment: Environment, name: string, prefix: string): boolean {
  return environment.prefix === prefix || environment.prefix.endsWith(`/.virtualenvs/${name}`);
}

/** Whether a process lives; one that has ended and was not fetched by its parent does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const { processStartTime } = await import('../../../../src/daemon/platform/processes');
  return (await processStartTime(pid)) !== undefined;
}

/** Waits until a process has ended. */
export async function ended(pid: number): Promise<void> {
  await until(
    async () => ((await isAlive(pid)) ? undefined : true),
    withDeadline(30_000, `the end of process ${pid}`),
  );
}

function parseIfJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Streams and plain text are no JSON; such a test looks at the text.
    return undefined;
  }
}
