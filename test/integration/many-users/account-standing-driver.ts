import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { expectParsed } from '../../../src/base/parse';
import {
  findFrontDoorAccount,
  openSupervision,
} from '../../../src/daemon/command-line/many-users/supervision';
import { openSystemFolders } from '../../../src/daemon/command-line/many-users/preconditions';
import { frontDoorLimits } from '../../../src/daemon/configuration/front-door-limits';
import { parseSystemConfiguration } from '../../../src/daemon/configuration/system-configuration';
import { systemPaths } from '../../../src/daemon/configuration/system-paths';
import { openDaemonCertificate } from '../../../src/daemon/front-door/certificate';
import { FrontDoor } from '../../../src/daemon/front-door/front-door';
import { createTerminalLogger } from '../../../src/daemon/platform/terminal-logger';
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
  await openSystemFolders(systemPaths);
  const { supervisor } = await openSupervision({
    configuration: expectParsed(parseSystemConfiguration({})),
    paths: systemPaths,
    programFile,
    frontDoorGid: (await findFrontDoorAccount()).gid,
    frontDoor: () => ({ daemonId: 'd'.repeat(32), pin: 'p'.repeat(43), port: 1 }),
    log,
    now: () => performance.now() + clock.aheadMs,
  });
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

void main(process.argv[2] ?? '');
