import { until, withDeadline } from '../../../src/base/time';
import type { PrivateSystem } from '../../support/private-system';
import { twoFreePorts } from '../../support/free-ports';
import { childrenOf } from './process-measures';

/** nginx as a TLS proxy to one socket, with and without buffers between the two sides. */
export interface RunningNginx {
  readonly unbufferedPort: number;
  readonly bufferedPort: number;
  /** The one process that carries everything. */
  readonly workerPid: number;
}

/** Key and certificate of the daemon are taken, so that a handshake costs the same; the log of requests is off, as the front door has none. */
function configurationOf(socket: string, unbufferedPort: number, bufferedPort: number): string {
  const server = (port: number, isBuffered: boolean) => `
  server {
    listen 127.0.0.1:${port} ssl backlog=512;
    location / {
      proxy_pass http://agent;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Authorization "";
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering ${isBuffered ? 'on' : 'off'};
      proxy_request_buffering ${isBuffered ? 'on' : 'off'};
    }
  }`;
  return `
user remote-kernels;
worker_processes 1;
error_log stderr warn;
pid /run/nginx-bench/pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path /run/nginx-bench/body;
  proxy_temp_path /run/nginx-bench/proxy;
  fastcgi_temp_path /run/nginx-bench/fastcgi;
  uwsgi_temp_path /run/nginx-bench/uwsgi;
  scgi_temp_path /run/nginx-bench/scgi;
  client_max_body_size 0;
  keepalive_requests 1000000;
  ssl_certificate /var/lib/remote-kernels/certificate.pem;
  ssl_certificate_key /var/lib/remote-kernels/key.pem;
  ssl_protocols TLSv1.3;
  ssl_session_tickets off;
  ssl_session_cache off;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream agent { server unix:${socket}; keepalive 64; }
${server(unbufferedPort, false)}
${server(bufferedPort, true)}
}
`;
}

/** Starts it in the private system; it ends with that. */
export async function startNginx(system: PrivateSystem, socket: string): Promise<RunningNginx> {
  const [unbufferedPort, bufferedPort] = await twoFreePorts();
  const file = '/etc/nginx-bench.conf';
  await system.write(file, configurationOf(socket, unbufferedPort, bufferedPort));
  await system.expect('mkdir', ['-p', '/run/nginx-bench']);
  const master = system.spawn('/usr/sbin/nginx', ['-c', file, '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const pid = master.pid ?? -1;
  const workerPid = await until(
    async () => {
      if (master.exitCode !== null) throw new Error(`nginx ended with ${master.exitCode}`);
      return (await childrenOf(pid))[0];
    },
    withDeadline(20_000, 'nginx'),
  );
  return { unbufferedPort, bufferedPort, workerPid };
}
