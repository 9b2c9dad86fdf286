import type { Transport } from '../transport';
import type { LocalTransportOptions } from './local-transport-options';

/** Makes connections to the user's agent on this machine, which it starts where none runs. No sign-in, no pin. */
export function createLocalTransport(options: LocalTransportOptions): Transport<'local'> {
  return {
    kind: 'local',
    // The clients of HTTP and WebSocket are loaded with the first connection, not when the editor starts.
    async connect(endpoint, connectOptions) {
      const { connectLocally } = await import(/* webpackMode: "eager" */ './local-connection');
      return await connectLocally(endpoint, connectOptions, options);
    },
  };
}
