/**
 * What stands behind both proxies: `node --import tsx piped-server.ts SOCKET UID GID`. Listens on a unix socket, which it gives to that user and
 * group and puts in the place of the one of that name, and serves what a proxy can carry. Says `ready` on standard output; ends with standard input.
 */
import { chmodSync, chownSync, renameSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';
import { pipedPaths } from './piped-paths';

const [path = '', uid = '', gid = ''] = process.argv.slice(2);
const block = Buffer.alloc(256 * 1024, 'remote kernels ');
const small = Buffer.from(JSON.stringify({ answer: 'x'.repeat(200) }));

function download(sizeBytes: number, response: ServerResponse): void {
  let left = sizeBytes;
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': sizeBytes });
  const write = () => {
    while (left > 0) {
      const piece = left >= block.length ? block : block.subarray(0, left);
      left -= piece.length;
      if (!response.write(piece)) {
        response.once('drain', write);
        return;
      }
    }
    response.end();
  };
  write();
}

function upload(request: IncomingMessage, response: ServerResponse): void {
  let sizeBytes = 0;
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
  });
  request.on('end', () => response.end(String(sizeBytes)));
}

const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  switch (url.pathname) {
    case pipedPaths.download:
      download(Number(url.searchParams.get('bytes')), response);
      break;
    case pipedPaths.upload:
      upload(request, response);
      break;
    default:
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': small.length });
      response.end(small);
  }
});
const echo = new WebSocketServer({
  server,
  path: pipedPaths.echo,
  perMessageDeflate: false,
  maxPayload: 2 ** 24,
});
echo.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
});
server.listen(`${path}.b`, () => {
  chownSync(`${path}.b`, Number(uid), Number(gid));
  chmodSync(`${path}.b`, 0o660);
  renameSync(`${path}.b`, path);
  process.stdout.write('ready\n');
});
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
