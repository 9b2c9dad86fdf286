import { until, withDeadline } from '../../../src/base/time';
import { freePort } from '../../support/free-ports';
import type { PrivateResult, PrivateSystem } from '../../support/private-system';

/** A running sshd of the private system. */
export interface SshServer {
  /** Runs a command as that user, without a terminal. */
  run(user: string, command: string): Promise<PrivateResult>;
}

/**
 * Starts OpenSSH's server with the machine's own PAM service on loopback, and lets these users in by a key. `wrapper` is a program, with words, that
 * becomes the server. It ends with the private system.
 */
export async function startSshServer(
  system: PrivateSystem,
  users: readonly string[],
  wrapper: readonly string[] = [],
): Promise<SshServer> {
  const folder = '/var/lib/ssh-under-test';
  const keys = `mkdir -p /run/sshd ${folder} && cd ${folder} && ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f user`;
  await system.expect('sh', ['-c', keys]);
  for (const user of users) {
    const authorize = `install -d -m 0700 -o "$0" -g "$0" "/home/$0/.ssh" && install -m 0600 -o "$0" -g "$0" ${folder}/user.pub "/home/$0/.ssh/authorized_keys"`;
    await system.expect('sh', ['-c', authorize, user]);
  }
  // sshd cannot be told to take any free port.
  const port = await freePort();
  const configuration = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host`,
    'PidFile none',
    'UsePAM yes',
    'PasswordAuthentication no',
    '',
  ];
  await system.write(`${folder}/sshd_config`, configuration.join('\n'));
  const command = [...wrapper, '/usr/sbin/sshd', '-D', '-e', '-f', `${folder}/sshd_config`];
  const server = system.spawn('env', command, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  server.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(
    () => {
      if (server.exitCode !== null) throw new Error(`sshd ended: ${said}`);
      return said.includes('Server listening') ? true : undefined;
    },
    withDeadline(30_000, 'sshd'),
  );
  const options = ['StrictHostKeyChecking=no', `UserKnownHostsFile=${folder}/known`, 'LogLevel=ERROR'];
  return {
    run(user, command) {
      const words = ['-F', '/dev/null', '-i', `${folder}/user`, '-p', `${port}`];
      return system.run('ssh', [
        ...words,
        ...options.flatMap((option) => ['-o', option]),
        `${user}@127.0.0.1`,
        command,
      ]);
    },
  };
}
