import type { Transport } from '../transport';
import type { TlsTransportOptions } from './tls-transport-options';

/** Makes connections to front doors: the pin is checked on every socket before the first byte is written. */
export function createTlsTransport(options: TlsTransportOptions): Transport<'tls'> {
  return {
    kind: 'tls',
    // The clients of HTTP and WebSocket are loaded with the first connection, not when the editor starts.
    async connect(endpoint, connectOptions) {
      const { connectTls } = await import(/* webpackMode: "eager" */ './tls-connection');
      return await connectTls(endpoint, connectOptions, options);
    },
  };
}
