/** Why a request did not reach the host: there is no connection at the moment. It has the code of the connection error for that. */
export class LostConnectionError extends Error {
  readonly code = 'lost';
  readonly recovery = 'retry';

  constructor(message = 'the host is not connected', options?: ErrorOptions) {
    super(message, options);
    this.name = 'LostConnectionError';
  }
}
