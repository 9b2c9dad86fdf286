import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expectParsed } from '../../../src/base/parse';
import {
  findFrontDoorAccount,
  type Supervision,
} from '../../../src/daemon/command-line/many-users/supervision';
import { openSystemFolders } from '../../../src/daemon/command-line/many-users/preconditions';
import { frontDoorLimits } from '../../../src/daemon/configuration/front-door-limits';
import { parseSystemConfiguration } from '../../../src/daemon/configuration/system-configuration';
import { systemPaths } from '../../../src/daemon/configuration/system-paths';
import { openDaemonCertificate } from '../../../src/daemon/front-door/certificate';
import { FrontDoor } from '../../../src/daemon/front-door/front-door';
import { createTerminalLogger } from '../../../src/daemon/platform/terminal-logger';
import { SystemAccounts } from '../../../src/daemon/supervisor/accounts';
import { AgentsOfUsers } from '../../../src/daemon/supervisor/agents-of-users';
import { readLoginShells } from '../../../src/daemon/supervisor/login-shells';
import { ManyUsersSupervisor } from '../../../src/daemon/supervisor/many-users-supervisor';
import { PamChecker } from '../../../src/daemon/supervisor/pam-checker';
import { openTokenStore, tokenLifetimesOf } from '../../../src/daemon/supervisor/token-store';
import type { Supervisor } from '../../../src/protocol/supervisor';
import { protocolVersion } from '../../../src/protocol/version';

/** A front door of a test looks at open connections this often, so that a test need not wait for minutes. */
const recheckIntervalMs = 1_000;

/**
 * Runs as root in a private system: a front door over a supervisor whose clock the test sets forward. Says the port; then each line on standard
 * input is a number of milliseconds to set it forward by, answered by how many tokens the supervisor has looked at so far.
 */
async function main(programFile: string): Promise<void> {
  process.umask(0o022);
  const log = createTerminalLogger(() => 'info');
  const clock = { aheadMs: 0 };
  const now = () => performance.now() + clock.aheadMs;
  await openSystemFolders(systemPaths);
  const supervisor = await openSupervisor(programFile, log, now);
  const lookedAt = new Set<string>();
  const watched: Supervisor = {
    signIn: (question, signal) => supervisor.signIn(question, signal),
    signOut: (question) => supervisor.signOut(question),
    resume: async (question, signal) => {
      const answer = await supervisor.resume(question, signal);
      lookedAt.add(question.token);
      return answer;
    },
  };
  const frontDoor = new FrontDoor({
    certificate: await openDaemonCertificate(systemPaths.state, 'lab-7'),
    supervisor: watched,
    wellKnown: {
      protocol: protocolVersion,
      daemonId: 'd'.repeat(32),
      startId: randomBytes(16).toString('hex'),
      name: 'lab-7',
      signIn: ['password'],
      version: '0.0.0',
    },
    limits: { ...frontDoorLimits, recheckIntervalMs },
    log,
  });
  const { port } = await frontDoor.listen([{ host: '127.0.0.1', isOptional: false }], 0);
  process.stdout.write(`${port}\n`);
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      clock.aheadMs += Number(line);
      process.stdout.write(`${lookedAt.size}\n`);
    })
    .once('close', () => process.exit(0));
}

async function openSupervisor(
  programFile: string,
  log: ReturnType<typeof createTerminalLogger>,
  now: () => number,
): Promise<Supervision['supervisor']> {
  const configuration = expectParsed(parseSystemConfiguration({}));
  const file = join(systemPaths.state, 'sign-ins.json');
  return new ManyUsersSupervisor({
    accounts: new SystemAccounts(),
    credentials: new PamChecker({ programFile }),
    tokens: await openTokenStore(file, tokenLifetimesOf(configuration), Date.now, log),
    agents: new AgentsOfUsers({
      programFile,
      usersFolder: join(systemPaths.run, 'users'),
      frontDoorGid: (await findFrontDoorAccount()).gid,
      frontDoor: () => ({ daemonId: 'd'.repeat(32), pin: 'p'.repeat(43), port: 1 }),
      log,
      now,
    }),
    configuration,
    readShells: () => readLoginShells(),
    log,
    now,
    random: Math.random,
  });
}

void main(process.argv[2] ?? '');
