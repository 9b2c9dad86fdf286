import type { Logger } from '../../../base/logger';
import type { Client } from '../../../protocol/agent';
import type { Transport } from '../transport';

/** What the local transport is made with. */
export interface LocalTransportOptions {
  /** The daemon's bundle, absolute. */
  readonly daemonPath: string;
  /** The program that runs it: `process.execPath`, also inside the desktop editor. */
  readonly node: string;
  /** The environment of the agent before it is cleaned: usually `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly client: Client;
  readonly logger: Logger;
}

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
