import { ConnectionError, type Transport } from '../transport';

/** Says of SSH hosts what this version cannot do with them: they are listed, connecting to them comes with the next version. */
export function createSshTransport(): Transport<'ssh'> {
  return {
    kind: 'ssh',
    connect: ({ destination }) =>
      Promise.reject(
        new ConnectionError('not-supported', 'connecting by SSH comes with the next version', {
          address: destination,
        }),
      ),
  };
}
