import { until, withDeadline } from '../../../src/base/time';
import { Client } from 'ssh2';
import type { Person } from '../../integration/many-users/crowd';
import type { PrivateSystem } from '../../support/private-system';
import { freePort } from '../../support/free-ports';

/** Everything as Debian has it, but for the port, the key and the limit on those who are signing in at once, which would refuse some of fifty. */
const configuration = `
ListenAddress 127.0.0.1
HostKey /etc/ssh/bench-key
PidFile none
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxStartups 100
PrintMotd no
`;

/** Starts sshd in the private system, with its own service of PAM; it ends with that. Resolves with the port. */
export async function startSshd(system: PrivateSystem): Promise<number> {
  const port = await freePort();
  await system.expect('mkdir', ['-p', '/run/sshd']);
  await system.expect('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', '/etc/ssh/bench-key']);
  await system.write('/etc/ssh/bench-config', configuration);
  const words = ['-D', '-e', '-f', '/etc/ssh/bench-config', '-p', `${port}`];
  const sshd = system.spawn('/usr/sbin/sshd', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  sshd.stderr?.on('data', (chunk: Buffer) => {
    if (said.length < 10_000) said += chunk.toString();
  });
  await until(
    () => {
      if (sshd.exitCode !== null) throw new Error(`sshd ended: ${said}`);
      return said.includes('listening') ? true : undefined;
    },
    withDeadline(20_000, 'sshd'),
  );
  return port;
}

/** Signs in with the password and runs `true`: from then on something of the person's runs there, as after our sign-in. */
export function signInBySsh(port: number, { name, password }: Person): Promise<void> {
  const client = new Client();
  return new Promise<void>((resolve, reject) => {
    client.on('error', reject);
    client.on('ready', () => {
      client.exec('true', (error, stream) => {
        if (error) {
          reject(error);
          return;
        }
        stream.on('exit', (code: number | null) => {
          if (code === 0) resolve();
          else reject(new Error(`true ended with ${String(code)}`));
        });
        stream.resume();
      });
    });
    client.connect({ host: '127.0.0.1', port, username: name, password, readyTimeout: 60_000 });
  }).finally(() => client.end());
}
