/**
 * A program for tests, run as root in a private system: asks `AgentsOfUsers` for the door to one account's agent and prints it. Its own mask,
 * environment and open files are such that an agent which inherited them would show it.
 */
import { openSync } from 'node:fs';
import { createLogger } from '../../../../src/base/logger';
import { toError } from '../../../../src/base/errors';
import type { Account } from '../../../../src/daemon/supervisor/account';
import { AgentsOfUsers } from '../../../../src/daemon/supervisor/agents-of-users';

interface Order {
  readonly programFile: string;
  readonly usersFolder: string;
  readonly frontDoorGid: number;
  readonly account: Account;
}

async function main(order: Order): Promise<void> {
  process.umask(0o077);
  openSync('/etc/shadow', 'r');
  const agents = new AgentsOfUsers({
    programFile: order.programFile,
    usersFolder: order.usersFolder,
    frontDoorGid: order.frontDoorGid,
    frontDoor: () => ({ daemonId: 'd'.repeat(32), pin: 'p', port: 7443 }),
    log: createLogger((_level, line) => process.stderr.write(`${line}\n`)),
    now: () => performance.now(),
  });
  const door = await agents.ensure(order.account, 'administer', 'use', AbortSignal.timeout(45_000));
  const found = await agents.find(order.account.uid);
  process.stdout.write(`${JSON.stringify({ ...door, agentPid: found?.agentPid })}\n`);
}

main(JSON.parse(process.argv[2] ?? '') as Order).catch((error: unknown) => {
  process.stderr.write(`${toError(error).message}\n`);
  process.exitCode = 1;
});
