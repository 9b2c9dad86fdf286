import { once } from 'node:events';
import { connect } from 'node:net';
import { withDeadline } from '../../../src/base/time';
import { frontDoorPaths } from '../../../src/protocol/front-door';
import { ask, rawConnection, readToEnd } from '../front-door/front-door-under-test';

/** A request with the secret where none belongs. */
interface StrangeRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function strangeRequests(username: string, secret: string): readonly StrangeRequest[] {
  const json = (value: unknown): StrangeRequest => ({
    method: 'POST',
    path: frontDoorPaths.signIn,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  });
  const quoted = encodeURIComponent(secret);
  const basic = Buffer.from(`${username}:${secret}`).toString('base64');
  return [
    json({ username, password: secret }),
    json({ username, answers: secret }),
    json({ username, answers: [[secret]] }),
    json({ username, answers: [secret], conversation: { secret } }),
    json({ username, answers: Array.from({ length: 40 }, () => secret) }),
    json({ username: { secret }, answers: [] }),
    json([username, secret]),
    json(secret),
    json({ code: secret }),
    json({ [secret]: true }),
    { ...json(''), body: `{"username":"${username}","answers":["${secret}"` },
    { ...json(''), body: `username=${username}&password=${quoted}` },
    { ...json(''), body: JSON.stringify({ username, answers: [secret.repeat(4000)] }) },
    { method: 'GET', path: `${frontDoorPaths.signIn}?username=${username}&password=${quoted}` },
    { method: 'POST', path: `${frontDoorPaths.signIn}/${quoted}` },
    { path: `/${quoted}` },
    { path: `/api/kernels?token=${quoted}` },
    { path: `/.well-known/remote-kernels?password=${quoted}` },
    { path: '/api/kernels', headers: { authorization: `Basic ${basic}` } },
    { path: '/api/kernels', headers: { authorization: `Bearer ${secret}` } },
    { path: '/api/kernels', headers: { authorization: `token ${secret}` } },
    { path: '/api/kernels', headers: { cookie: `token=${secret}`, 'x-password': secret } },
    { path: '/', headers: { host: secret, origin: `https://${secret}`, referer: `https://x/${secret}` } },
    { method: 'DELETE', path: `/api/kernels/${quoted}`, headers: { 'user-agent': secret } },
    {
      path: `/api/kernels/x/channels?token=${quoted}`,
      headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-protocol': secret },
    },
  ];
}

/** What is no HTTP, or no TLS, but has the secret in it. */
function strangeBytes(secret: string): readonly string[] {
  return [
    `${secret}\r\n\r\n`,
    `GET /${secret} HTTP/9.9\r\n\r\n`,
    `GET /api\r\n${secret}\r\n\r\n`,
    `POST /sign-in HTTP/1.1\r\nhost: x\r\n${secret}\r\n\r\n`,
    `POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: ${secret}\r\n\r\n`,
    `POST /sign-in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${secret}\r\n`,
  ];
}

/** Sends them all, each from an address of its own. Resolves with what was answered. `secret` has no characters that end a header. */
export async function sendStrangeRequests(port: number, username: string, secret: string): Promise<string[]> {
  const heard: string[] = [];
  for (const [index, { body, ...request }] of strangeRequests(username, secret).entries()) {
    const from = { localAddress: `127.0.3.${index + 1}`, signal: withDeadline(60_000, 'a strange request') };
    const { status, text } = await ask(port, { ...from, ...request }, body);
    if (status < 400 && request.path?.startsWith('/.well-known') !== true)
      throw new Error(`${request.path ?? ''} ${body ?? ''}: ${status}`);
    heard.push(text);
  }
  for (const bytes of strangeBytes(secret)) {
    const socket = await rawConnection(port);
    socket.end(bytes);
    heard.push(await readToEnd(socket));
  }
  // Somebody's name of a server may be anything too.
  const named = await rawConnection(port, { servername: `${secret}.example` });
  named.end(`GET / HTTP/1.1\r\nhost: ${secret}.example\r\nconnection: close\r\n\r\n`);
  heard.push(await readToEnd(named));
  const withoutTls = connect(port, '127.0.0.1').resume();
  withoutTls.on('error', () => withoutTls.destroy());
  const closed = once(withoutTls, 'close', {
    signal: withDeadline(60_000, 'the end of a connection without TLS'),
  });
  withoutTls.write(`POST /sign-in HTTP/1.1\r\nhost: x\r\n\r\n${secret}`);
  await closed;
  return heard;
}
