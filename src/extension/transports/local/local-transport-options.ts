import type { Logger } from '../../../base/logger';
import type { Client } from '../../../protocol/agent';

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
