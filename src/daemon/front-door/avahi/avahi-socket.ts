import { connect } from 'node:net';

/** Where avahi-daemon listens for programs of the machine, besides D-Bus. */
export const avahiSocket = '/run/avahi-daemon/socket';

const timeoutMs = 2_000;

/** Whether avahi-daemon runs, on D-Bus or not: somebody accepts connections. A socket that was left behind does not. */
export async function isAvahiRunning(socket = avahiSocket): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect({ path: socket, timeout: timeoutMs });
    const end = (isThere: boolean) => {
      connection.destroy();
      resolve(isThere);
    };
    connection.once('connect', () => end(true));
    connection.once('timeout', () => end(false));
    connection.once('error', () => end(false));
  });
}
