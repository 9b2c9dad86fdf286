import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { preparedEnvironment } from '../../support/python-environments';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { addCrowd, type Person } from '../../integration/many-users/crowd';
import { startSystemDaemon, type SystemDaemon } from '../../integration/many-users/system-daemon';

/** How many people have an account and sign in, and how many of them go on working. */
export const counts = { people: 200, workers: 50 } as const;

/** How long the agent of somebody who has gone stays, for those who do not go on working: long enough to be found behind its door after its start. */
const shortGraceSeconds = 10;

/** The name of the kernel that all people of the host have. */
export const kernelName = 'bench';

/** A host as an administrator has set it up: the daemon of root, accounts, a kernel for everybody. */
export interface Host {
  readonly system: PrivateSystem;
  readonly daemon: SystemDaemon;
  readonly people: readonly Person[];
  /** The first of them, whose agents stay. */
  readonly workers: readonly Person[];
  readonly supervisorPid: number;
  readonly frontDoorPid: number;
}

/** Makes the host. It ends with `after`. */
export async function startHost(after: (end: () => Promise<void>) => void): Promise<Host> {
  const skip = (message?: string) => {
    throw new Error(message);
  };
  const system = await PrivateSystem.start({ after, skip }, { pamFile: plainPamFile });
  if (system === undefined) throw new Error('this machine does not let us make a private system');
  const people = await addCrowd(system, counts.people, 'yescrypt');
  const workers = people.slice(0, counts.workers);
  for (const { name } of people.slice(counts.workers)) await shortenGrace(system, name);
  await installKernel(system);
  const daemon = await startSystemDaemon(system);
  const { pid, frontDoorPid } = await daemon.status();
  if (frontDoorPid === undefined) throw new Error('the daemon has no front door');
  return { system, daemon, people, workers, supervisorPid: pid, frontDoorPid };
}

async function shortenGrace(system: PrivateSystem, user: string): Promise<void> {
  const script = 'mkdir -p .config/remote-kernels && cat > .config/remote-kernels/agent.json';
  const configuration = JSON.stringify({ agentGraceSeconds: shortGraceSeconds });
  await system.expect('sh', ['-c', script], { user }, configuration);
}

async function installKernel(system: PrivateSystem): Promise<void> {
  const { prefix } = await preparedEnvironment('ipykernel');
  const folder = '/opt/bench-environment';
  await cp(prefix, system.outside(folder), { recursive: true, verbatimSymlinks: true });
  await system.expect('chmod', ['-R', 'a+rX', folder]);
  const argv = [join(folder, 'bin/python'), '-m', 'ipykernel_launcher', '-f', '{connection_file}'];
  const specification = JSON.stringify({ argv, display_name: kernelName, language: 'python' });
  await system.write(`/usr/local/share/jupyter/kernels/${kernelName}/kernel.json`, specification);
}
