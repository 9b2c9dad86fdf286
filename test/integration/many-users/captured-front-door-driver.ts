import { createServer } from 'node:net';
import { parseSystemConfiguration } from '../../../src/daemon/configuration/system-configuration';
import { systemPaths } from '../../../src/daemon/configuration/system-paths';
import { openSystemFolders } from '../../../src/daemon/command-line/many-users/preconditions';
import {
  findFrontDoorAccount,
  openSupervision,
} from '../../../src/daemon/command-line/many-users/supervision';
import { createTerminalLogger } from '../../../src/daemon/platform/terminal-logger';
import { serveSupervisorChannel } from '../../../src/daemon/supervisor/supervisor-channel';
import { expectParsed } from '../../../src/base/parse';

/**
 * Runs as root in a private system: the supervisor as the daemon composes it, and a channel to it for each connection to a socket, without the
 * back-off after which the daemon starts another front door. Says `ready` and ends with its standard input.
 */
async function main(programFile: string, socket: string): Promise<void> {
  process.umask(0o022);
  const log = createTerminalLogger(() => 'debug');
  await openSystemFolders(systemPaths);
  const supervision = await openSupervision({
    configuration: expectParsed(parseSystemConfiguration({})),
    paths: systemPaths,
    programFile,
    frontDoorGid: (await findFrontDoorAccount()).gid,
    frontDoor: () => ({ daemonId: 'd'.repeat(32), pin: 'p'.repeat(43), port: 1 }),
    log,
  });
  const server = createServer((stream) => {
    serveSupervisorChannel(stream, supervision.supervisor, log);
  });
  server.listen(socket, () => process.stdout.write('ready\n'));
  process.stdin.resume().once('end', () => {
    supervision.dispose();
    process.exit(0);
  });
}

void main(process.argv[2] ?? '', process.argv[3] ?? '');
