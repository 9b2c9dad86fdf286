import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Pool } from 'undici';
import WebSocket from 'ws';
import { ask, bearer } from '../../integration/front-door/front-door-under-test';
import { temporaryFolder } from '../../support/temporary-folder';
import type { Sample } from '../measures';
import type { Results } from '../report';
import { quantile } from '../statistics';
import { runCurl } from './curl';
import type { Host } from './host';
import { startNginx } from './nginx';
import { pipedPaths } from './piped-paths';
import { processorMs } from './process-measures';
import { addRatio } from './sign-ins';

/** One proxy: its port, and the process that does its work. */
interface Way {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

/** The two proxies before one socket, and what a client needs. */
export interface Proxies {
  readonly ways: readonly Way[];
  readonly token: string;
  /** A file to send. */
  readonly file: string;
}

const downloadBytes = 512 * 2 ** 20;
const uploadBytes = 256 * 2 ** 20;
const smallRequests = 3_000;
const smallConnections = 16;
const freshConnections = 200;
const echoRounds = 400;
const echoConnections = 16;
const largeFrames = 400;
const largeFrameBytes = 64 * 1024;
const largeFramesUnderWay = 8;

/**
 * Puts a server of the benchmark in the place of the door of somebody's agent, so that the front door forwards to it what comes with that person's token,
 * and nginx before the same socket.
 */
export async function startProxies(
  host: Host,
  person: { readonly name: string; readonly uid: number; readonly token: string },
  after: (end: () => Promise<void>) => void,
): Promise<Proxies> {
  const { system, daemon, frontDoorPid } = host;
  const socket = `/run/remote-kernels/users/${person.uid}/agent.sock`;
  const gid = (await system.expect('id', ['-g', 'remote-kernels'])).trim();
  const words = ['--import', 'tsx', join(__dirname, 'piped-server.ts')];
  const server = spawn(process.execPath, [...words, system.outside(socket), `${person.uid}`, gid], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  after(async () => {
    server.stdin.end();
    await ended;
  });
  await once(createInterface({ input: server.stdout }), 'line', { signal: AbortSignal.timeout(30_000) });
  const nginx = await startNginx(system, socket);
  const file = join(await temporaryFolder({ after }), 'upload');
  const handle = await open(file, 'w');
  for (let sizeBytes = 0; sizeBytes < uploadBytes; sizeBytes += 2 ** 20)
    await handle.write(Buffer.alloc(2 ** 20, 'remote kernels '));
  await handle.close();
  return {
    token: person.token,
    file,
    ways: [
      { name: 'front door', port: daemon.port, pid: frontDoorPid },
      { name: 'nginx', port: nginx.unbufferedPort, pid: nginx.workerPid },
      { name: 'nginx with buffers', port: nginx.bufferedPort, pid: nginx.workerPid },
    ],
  };
}

type Measure = (way: Way, proxies: Proxies) => Promise<Sample>;

/** One repetition of everything, each measure at all proxies before the next one. */
export async function compareProxies(proxies: Proxies, add: Results['add']): Promise<void> {
  const measures: readonly Measure[] = [
    measureDownload,
    measureUpload,
    measureSmallRequests,
    measureFreshConnections,
    measureEcho,
    measureLargeFrames,
  ];
  for (const measure of measures) {
    const samples = new Map<string, Sample>();
    for (const way of proxies.ways) {
      const sample = await measure(way, proxies);
      samples.set(way.name, sample);
      add(way.name, sample);
    }
    addRatio(samples.get('front door'), samples.get('nginx'), 'front door / nginx', add);
  }
}

/** Runs the work and gives how long it took, and what of the processor the proxy used for it. */
async function watch(way: Way, work: () => Promise<void>) {
  const before = await processorMs(way.pid);
  const from = performance.now();
  await work();
  const seconds = (performance.now() - from) / 1000;
  return { seconds, processorMs: (await processorMs(way.pid)) - before };
}

async function measureDownload(way: Way, { token }: Proxies): Promise<Sample> {
  let received = 0;
  const { seconds, processorMs } = await watch(way, async () => {
    received = await runCurl(way.port, token, `${pipedPaths.download}?bytes=${downloadBytes}`, {});
  });
  if (received !== downloadBytes) throw new Error(`${way.name}: ${received} bytes arrived`);
  return {
    'download, MB/s': downloadBytes / 1e6 / seconds,
    'download, CPU per MB, ms': processorMs / (downloadBytes / 1e6),
  };
}

async function measureUpload(way: Way, { token, file }: Proxies): Promise<Sample> {
  const { seconds, processorMs } = await watch(way, async () => {
    await runCurl(way.port, token, pipedPaths.upload, { file, expected: String(uploadBytes) });
  });
  return {
    'upload, MB/s': uploadBytes / 1e6 / seconds,
    'upload, CPU per MB, ms': processorMs / (uploadBytes / 1e6),
  };
}

async function measureSmallRequests(way: Way, { token }: Proxies): Promise<Sample> {
  const pool = new Pool(`https://127.0.0.1:${way.port}`, {
    connections: smallConnections,
    connect: { rejectUnauthorized: false },
  });
  const request = async () => {
    const { statusCode, body } = await pool.request({
      path: pipedPaths.small,
      method: 'GET',
      headers: bearer(token),
    });
    await body.text();
    if (statusCode !== 200) throw new Error(`${way.name}: ${statusCode}`);
  };
  const times: number[] = [];
  for (let round = 0; round < 300; round += 1) {
    const from = performance.now();
    await request();
    times.push(performance.now() - from);
  }
  let left = smallRequests;
  const { seconds, processorMs } = await watch(way, async () => {
    const worker = async () => {
      while (left-- > 0) await request();
    };
    await Promise.all(Array.from({ length: smallConnections }, worker));
  });
  await pool.close();
  return {
    'small requests, 1/s': smallRequests / seconds,
    'small request, CPU, us': (processorMs * 1000) / smallRequests,
    'small request, one at a time, p50, ms': quantile(times.slice(100), 0.5),
  };
}

async function measureFreshConnections(way: Way, { token }: Proxies): Promise<Sample> {
  const times: number[] = [];
  const { processorMs } = await watch(way, async () => {
    for (let round = 0; round < freshConnections; round += 1) {
      const from = performance.now();
      const { status } = await ask(way.port, { path: pipedPaths.small, headers: bearer(token) });
      if (status !== 200) throw new Error(`${way.name}: ${status}`);
      times.push(performance.now() - from);
    }
  });
  return {
    'connection with one request, p50, ms': quantile(times, 0.5),
    'connection with one request, CPU, us': (processorMs * 1000) / freshConnections,
  };
}

async function openEcho(way: Way, token: string): Promise<WebSocket> {
  const socket = new WebSocket(`wss://127.0.0.1:${way.port}${pipedPaths.echo}`, {
    rejectUnauthorized: false,
    perMessageDeflate: false,
    headers: bearer(token),
  });
  await once(socket, 'open', { signal: AbortSignal.timeout(30_000) });
  return socket;
}

/** Messages of 1 KiB there and back: one at a time, and on many connections at once. */
async function measureEcho(way: Way, { token }: Proxies): Promise<Sample> {
  const sockets = await Promise.all(Array.from({ length: echoConnections }, () => openEcho(way, token)));
  const message = Buffer.alloc(1024, 'x');
  const round = async (socket: WebSocket) => {
    const answered = once(socket, 'message');
    socket.send(message);
    await answered;
  };
  const times: number[] = [];
  const [first] = sockets;
  for (let at = 0; first !== undefined && at < echoRounds; at += 1) {
    const from = performance.now();
    await round(first);
    times.push(performance.now() - from);
  }
  const { seconds, processorMs } = await watch(way, async () => {
    const worker = async (socket: WebSocket) => {
      for (let at = 0; at < echoRounds; at += 1) await round(socket);
    };
    await Promise.all(sockets.map(worker));
  });
  for (const socket of sockets) socket.terminate();
  const rounds = echoRounds * echoConnections;
  return {
    'WebSocket echo, 1 KiB, 1/s': rounds / seconds,
    'WebSocket echo, 1 KiB, CPU, us': (processorMs * 1000) / rounds,
    'WebSocket echo, 1 KiB, one at a time, p50, us': quantile(times.slice(50), 0.5) * 1000,
  };
}

/** Large messages there and back on one connection, some always under way. MB count one direction. */
async function measureLargeFrames(way: Way, { token }: Proxies): Promise<Sample> {
  const socket = await openEcho(way, token);
  const frame = Buffer.alloc(largeFrameBytes, 'x');
  const megabytes = (largeFrames * largeFrameBytes) / 1e6;
  const { seconds, processorMs } = await watch(way, async () => {
    let received = 0;
    let sent = 0;
    const done = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        received += data.length;
        if (received === largeFrames * largeFrameBytes) resolve();
        else if (sent < largeFrames) {
          sent += 1;
          socket.send(frame);
        }
      });
    });
    while (sent < largeFramesUnderWay) {
      sent += 1;
      socket.send(frame);
    }
    await done;
  });
  socket.terminate();
  return {
    'WebSocket echo, 64 KiB, MB/s': megabytes / seconds,
    'WebSocket echo, 64 KiB, CPU per MB, ms': processorMs / megabytes,
  };
}
