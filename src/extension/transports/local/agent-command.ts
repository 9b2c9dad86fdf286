import { spawn } from 'node:child_process';
import { withDeadline } from '../../../base/time';
import { parseJson } from '../../../base/parse';
import { parseAgentAddress, type AgentAddress } from '../../../protocol/command-line';
import { ConnectionError } from '../transport';
import type { LocalTransportOptions } from './local-transport-options';

/** How long the command may take: it waits until the agent answers. */
const startTimeoutMs = 30_000;
const maxOutputBytes = 64 * 1024;
/** How long the rest of the output may take after the command has ended. */
const drainTimeoutMs = 500;

/**
 * Runs `agent --json`, which starts the agent or finds the running one, and reads where it listens. Rejects with a {@link ConnectionError};
 * what the command printed on standard error is in its message.
 */
export function runAgentCommand(
  { node, daemonPath, environment }: LocalTransportOptions,
  signal: AbortSignal,
): Promise<AgentAddress> {
  const deadline = withDeadline(startTimeoutMs, 'starting the agent', signal);
  return new Promise((resolve, reject) => {
    const child = spawn(node, [daemonPath, 'agent', '--json'], {
      env: cleanEnvironment(environment, process.versions['electron'] !== undefined),
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: deadline,
      windowsHide: true,
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text: string) => {
        output[name] = (output[name] + text).slice(-maxOutputBytes);
      });
    }
    child.once('error', (error) => {
      if (signal.aborted) reject(new ConnectionError('cancelled', 'cancelled', {}, { cause: error }));
      else
        reject(
          unavailable(deadline.aborted ? 'the agent did not start in time' : error.message, output.stderr),
        );
    });
    const finish = (code: number | null, signalName: NodeJS.Signals | null) => {
      const address = readAddress(output.stdout);
      child.stdout.destroy();
      child.stderr.destroy();
      if (code === 0 && address !== undefined) resolve(address);
      else reject(unavailable(`the command ended with ${code ?? signalName ?? 'nothing'}`, output.stderr));
    };
    child.once('close', finish);
    // The agent leaves the command, and something that it started could keep the pipe open.
    child.once('exit', (code, signalName) => {
      setTimeout(finish, drainTimeoutMs, code, signalName).unref();
    });
  });
}

/** The last line that is an address: what else a program prints on its way is not ours. */
function readAddress(stdout: string): AgentAddress | undefined {
  for (const line of stdout.split('\n').reverse()) {
    const address = parseJson(line, parseAgentAddress);
    if (address.ok) return address.value;
  }
  return undefined;
}

function unavailable(what: string, stderr: string): ConnectionError {
  const printed = stderr.trim();
  return new ConnectionError('agent-unavailable', printed === '' ? what : `${what}: ${printed}`);
}

/**
 * The environment in which the agent runs: that of the editor without what the editor set for itself, which would steer the person's kernels.
 * The desktop editor's program is Node only when it is told so.
 */
export function cleanEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  isElectron: boolean,
): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || /^(?:VSCODE_|ELECTRON_|CHROME_)/.test(name) || leftovers.has(name)) continue;
    clean[name] = value;
  }
  if (isElectron) clean['ELECTRON_RUN_AS_NODE'] = '1';
  return clean;
}

/** Set by the editor or its debugger for their own processes. */
const leftovers: ReadonlySet<string> = new Set([
  'NODE_OPTIONS',
  'NODE_CHANNEL_FD',
  'NODE_UNIQUE_ID',
  'APPLICATION_INSIGHTS_NO_STATSBEAT',
  'APPLICATION_INSIGHTS_NO_DIAGNOSTIC_CHANNEL',
  'ORIGINAL_XDG_CURRENT_DESKTOP',
  'CODE_SERVER_SESSION_SOCKET',
]);
