import { randomBytes } from 'node:crypto';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { silentLogger } from '../../../src/base/logger';
import { frontDoorLimits, type FrontDoorLimits } from '../../../src/daemon/configuration/front-door-limits';
import { openCertificate } from '../../../src/daemon/front-door/certificate';
import type { DaemonCertificate } from '../../../src/daemon/front-door/daemon-certificate';
import { FrontDoor } from '../../../src/daemon/front-door/front-door';
import { AgentDoor } from '../../../src/daemon/supervisor/agent-door';
import { PairingCodes } from '../../../src/daemon/supervisor/pairing-code';
import { RateLimiter, signInRateLimits } from '../../../src/daemon/supervisor/rate-limiter';
import { SingleUserSupervisor } from '../../../src/daemon/supervisor/single-user-supervisor';
import { openTokenStore, tokenLifetimes, type TokenStore } from '../../../src/daemon/supervisor/token-store';
import { headers } from '../../../src/protocol/agent';
import { frontDoorPaths, parseSignedIn, type SignedIn } from '../../../src/protocol/front-door';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { protocolVersion } from '../../../src/protocol/version';
import { temporaryFolder } from '../../support/temporary-folder';

/** What a test changes of the front door. */
export interface UnderTestOptions {
  readonly limits?: Partial<FrontDoorLimits>;
  readonly refusalMs?: number;
  /** What the agent behind the door answers. */
  readonly agent?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Called with the agent's server each time it is started. */
  readonly onAgentServer?: (server: Server) => void;
}

/** A front door and its supervisor in this process, over TLS and a real socket of an agent that the test plays. */
export interface FrontDoorUnderTest {
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  readonly frontDoor: FrontDoor;
  readonly certificate: DaemonCertificate;
  readonly codes: PairingCodes;
  readonly tokens: TokenStore;
  /** The clock of codes and tokens, in ms since the epoch. */
  readonly clock: { nowMs: number };
  /** The door keys that the agent was told. */
  readonly doorKeys: readonly string[];
  /** How often the agent was started. */
  readonly agentStarts: () => number;
  /** Ends the agent and its connections; the next request starts it again unless `isAgentBroken`. */
  readonly stopAgent: () => Promise<void>;
  isAgentBroken: boolean;
  readonly signIn: () => Promise<SignedIn>;
}

/** Starts one; it ends with the test. */
export async function frontDoorUnderTest(
  t: TestContext,
  options: UnderTestOptions = {},
): Promise<FrontDoorUnderTest> {
  const folder = await temporaryFolder(t);
  const clock = { nowMs: Date.now() };
  const now = () => clock.nowMs;
  const certificate = await openCertificate(join(folder, 'state'), 'lab-7');
  const agent = playAgent(t, folder, options);
  const codes = new PairingCodes(600_000, now);
  const tokens = await openTokenStore(join(folder, 'sign-ins.json'), tokenLifetimes, now, silentLogger);
  t.after(() => tokens.dispose());
  const door = new AgentDoor({
    folder: join(folder, 'door'),
    frontDoor: () => ({ daemonId: 'd'.repeat(32), pin: certificate.pin, port: 1 }),
    openDoor: async (request) => {
      agent.doorKeys.push(request.doorKey);
      if (underTest.isAgentBroken) throw new Error('the agent is broken in this test');
      return agent.start();
    },
    log: silentLogger,
    now: () => performance.now(),
  });
  const supervisor = new SingleUserSupervisor({
    user: 'ada',
    codes,
    tokens,
    door,
    rateLimiter: new RateLimiter(signInRateLimits, () => performance.now()),
    log: silentLogger,
    refusalMs: options.refusalMs ?? 100,
  });
  const frontDoor = new FrontDoor({
    certificate,
    supervisor,
    wellKnown: {
      protocol: protocolVersion,
      daemonId: 'd'.repeat(32),
      startId: randomBytes(16).toString('hex'),
      name: 'lab-7',
      signIn: ['code'],
      version: '0.1.0',
    },
    limits: { ...frontDoorLimits, ...options.limits },
    log: silentLogger,
  });
  t.after(() => frontDoor.dispose());
  const { port } = await frontDoor.listen([{ host: '127.0.0.1', isOptional: false }], 0);
  const underTest: FrontDoorUnderTest = {
    port,
    url: `https://127.0.0.1:${port}`,
    folder,
    frontDoor,
    certificate,
    codes,
    tokens,
    clock,
    doorKeys: agent.doorKeys,
    agentStarts: agent.starts,
    stopAgent: agent.stop,
    isAgentBroken: false,
    async signIn() {
      const body = JSON.stringify({ code: codes.issue().code });
      const answer = await ask(port, { method: 'POST', path: frontDoorPaths.signIn }, body);
      return expectParsed(parseJson(answer.text, parseSignedIn));
    },
  };
  return underTest;
}

function playAgent(t: TestContext, folder: string, options: UnderTestOptions) {
  let server: Server | undefined;
  let starts = 0;
  const doorKeys: string[] = [];
  const sockets = new Set<Socket>();
  const stop = async () => {
    const ending = server;
    server = undefined;
    if (ending === undefined) return;
    const closed = new Promise((resolve) => ending.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  t.after(stop);
  const start = async () => {
    starts += 1;
    const made = createHttpServer((request, response) => {
      if (request.headers[headers.doorKey] !== doorKeys.at(-1)) {
        response.writeHead(403).end();
        return;
      }
      if (options.agent !== undefined) options.agent(request, response);
      else response.end('hello from the agent');
    });
    made.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    options.onAgentServer?.(made);
    const socket = join(folder, 'door', `agent-${starts}.sock`);
    await new Promise<void>((resolve) => made.listen(socket, resolve));
    server = made;
    return { protocol: protocolVersion, socket, agentId: 'a', startId: 's', pid: process.pid, started: true };
  };
  return { doorKeys, starts: () => starts, stop, start };
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly text: string;
}

/** Sends one request on a connection of its own and reads the whole answer. */
export function ask(port: number, options: RequestOptions, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = open(port, options);
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          rawHeaders: answer.rawHeaders,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.end(body);
  });
}

/** Begins a request on a connection of its own. */
export function open(port: number, options: RequestOptions) {
  return request({ host: '127.0.0.1', port, agent: false, rejectUnauthorized: false, ...options });
}

/** The header with which a token is sent. */
export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** A TLS connection on which a test writes what it likes. */
export function rawConnection(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
      socket.removeListener('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Resolves with everything that comes until the other side ends the connection. */
export function readToEnd(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}
