/** What the server behind the proxies answers to. */
export const pipedPaths = {
  /** `GET`, with `?bytes=…`: that many bytes. */
  download: '/download',
  /** `POST`: reads the body and answers how long it was. */
  upload: '/upload',
  /** `GET`: about 200 bytes of JSON. */
  small: '/small',
  /** A WebSocket that sends everything back. */
  echo: '/echo',
} as const;
