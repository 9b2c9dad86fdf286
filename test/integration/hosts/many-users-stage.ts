import type { TestContext } from 'node:test';
import { readFile } from 'node:fs/promises';
import { until, withDeadline } from '../../../src/base/time';
import type { Host } from '../../../src/extension/hosts/host';
import type { KernelDetails } from '../../../src/protocol/kernels';
import { startCutter, type Cutter } from '../../support/cutter';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { giveEnvironment, startSystemDaemon, type SystemDaemon } from '../many-users/system-daemon';
import { findEnvironment } from './notebook-kernel';
import { createPerson, openWindow, type TestWindow } from './window';

/** Long enough for anything that happens at all, also on a machine with other work to do. */
export const patienceMs = 90_000;

/** The processes of the daemon that a test can kill. */
export type DaemonPart = 'serve' | 'front-door' | 'announce' | 'agent' | 'keeper' | 'pam';

/** A host with many users, to which a window of ada is connected through a network that can be cut. */
export interface ManyUsersStage {
  readonly system: PrivateSystem;
  /** The daemon that runs now. */
  readonly daemon: SystemDaemon;
  readonly network: Cutter;
  readonly window: TestWindow;
  readonly host: Host;
  /** The processes that run as this part, without the programs that become it. */
  pidsOf(part: DaemonPart): Promise<readonly number[]>;
  /** Ends every process that runs as this part, without a warning; resolves with how many there were when the last of them is gone. */
  kill(part: DaemonPart): Promise<number>;
  /** Starts another daemon on the same port, as the system's service does at once when one has ended. */
  restartDaemon(): Promise<void>;
}

/** Makes the stage and connects. `undefined` when this machine does not let us; the test is then skipped. */
export async function startManyUsersStage(
  t: TestContext,
  pamFile = plainPamFile,
): Promise<ManyUsersStage | undefined> {
  const system = await PrivateSystem.start(t, { pamFile });
  if (system === undefined) return undefined;
  await giveEnvironment(system, 'ada');
  let daemon = await startSystemDaemon(system, [], { isAnnounced: true });
  const network = await startCutter(t, daemon.port);
  const window = openWindow(t);
  const host = window.hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: network.port });
  const interaction = createPerson(['ada', people.ada]);
  const outcome = await window.hosts.connect(host.id, {
    interaction,
    signal: withDeadline(patienceMs, 'the first connection'),
  });
  if (outcome.kind !== 'connected') throw new Error(`not connected: ${JSON.stringify(outcome)}`);

  const pidsOf = async (part: DaemonPart) => {
    const all = await system.processes();
    const words = ` ${system.programFile} ${part} `;
    return all
      .filter(({ command }) => command.startsWith(system.nodePath) && `${command} `.includes(words))
      .map(({ pid }) => pid);
  };
  return {
    system,
    get daemon() {
      return daemon;
    },
    network,
    window,
    get host() {
      return window.hosts.get(host.id) ?? host;
    },
    pidsOf,
    async kill(part) {
      const pids = await pidsOf(part);
      for (const pid of pids) killNow(pid);
      await until(
        async () => ((await pidsOf(part)).some((pid) => pids.includes(pid)) ? undefined : true),
        withDeadline(patienceMs, `the end of ${part}`),
      );
      return pids.length;
    },
    async restartDaemon() {
      daemon = await startSystemDaemon(system, [], { port: daemon.port, isAnnounced: true });
    },
  };
}

/** Starts a kernel of ada in the environment that the window sees. */
export async function startKernelOf(host: Host, notebook: string): Promise<KernelDetails> {
  const environment = await findEnvironment(host);
  return await host.agent.startKernel(
    {
      environmentId: environment.id,
      session: { path: `a window/${notebook}`, name: notebook, type: 'notebook' },
    },
    withDeadline(patienceMs, 'a kernel'),
  );
}

/** Whether the process is the one that was there at that time: its number and when it began. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
