import type { Client } from '../../../protocol/agent';

/** What the TLS transport is made with. */
export interface TlsTransportOptions {
  readonly client: Client;
  /** Certificates (PEM) of authorities that are trusted beside those of the system, read at each attempt. */
  readonly certificateAuthorities?: () => readonly string[] | Promise<readonly string[]>;
}
