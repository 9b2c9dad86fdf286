/**
 * The two ways of talking that every connection offers, in the shapes of the web platform, so that clients such as `@jupyterlab/services`
 * take them as they are. Addresses are made from `baseUrl`; which network they travel on is the connection's secret.
 */
export interface HttpConnection {
  /** Like `http://localhost`, without a slash at the end. It is never resolved by name. */
  readonly baseUrl: string;
  readonly fetch: typeof globalThis.fetch;
  readonly Request: typeof globalThis.Request;
  readonly Headers: typeof globalThis.Headers;
  readonly WebSocket: typeof globalThis.WebSocket;
}
