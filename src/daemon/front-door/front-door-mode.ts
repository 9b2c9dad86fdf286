import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { DisposableStore } from '../../base/disposable';
import type { LogLevel } from '../../base/logger';
import { parseJson } from '../../base/parse';
import { exitCodes } from '../../protocol/command-line';
import {
  parseFrontDoorOrder,
  supervisorDescriptor,
  type FrontDoorEvent,
  type FrontDoorOrder,
} from '../../protocol/front-door-process';
import { protocolVersion } from '../../protocol/version';
import { frontDoorLimits } from '../configuration/front-door-limits';
import { productVersion } from '../configuration/product-version';
import { readBoundedLines } from '../platform/bounded-lines';
import { keepMemoryPrivate } from '../platform/process-privacy';
import { createTerminalLogger } from '../platform/terminal-logger';
import { describeCertificate } from './daemon-certificate';
import { FrontDoor } from './front-door';
import { explainListenFault } from './listen-fault';
import { OrderedFrontDoor } from './ordered-front-door';
import { SupervisorClient } from './supervisor-client';

/** More than a key and the longest chain of certificates need. */
const maxOrderBytes = 256 * 1024;

/** Why the process ends. */
type Ending = { readonly reason: string; readonly exitCode: number };

/**
 * The process `remote-kernels front-door`, started by `serve` as a user without rights: does what the orders on standard input say until that
 * ends, a signal asks it to end, or its supervisor is lost. Resolves with the exit code.
 */
export async function runFrontDoor(programFile: string): Promise<number> {
  let level: LogLevel = 'info';
  const log = createTerminalLogger(() => level).child('front door');
  if (process.getuid?.() === 0) {
    log.error('the front door does not run as root; it is started by: remote-kernels serve');
    return exitCodes.noPermission;
  }
  const owned = new DisposableStore();
  try {
    // Before the first order, which has the key of the certificate.
    keepMemoryPrivate();
    // Whoever read events and words has gone; the end of standard input says the same and ends this process.
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
    const orders = readOrders();
    owned.addRelease(() => process.stdin.destroy());
    const ending = Promise.race([orders.ended, askedBySignal()]);
    const first = await Promise.race([orders.first, ending]);
    if ('exitCode' in first) return first.exitCode;
    level = first.logLevel;
    const client = owned.add(new SupervisorClient(openChannel()));
    const lost = new Promise<Ending>((resolve) => {
      client.onLost(({ message }) => resolve({ reason: message, exitCode: exitCodes.unavailable }));
    });
    client.start();
    const frontDoor = owned.add(createFrontDoor(first, client, log));
    const running = owned.add(new OrderedFrontDoor({ order: first, frontDoor, programFile, say, log }));
    try {
      await running.start();
    } catch (error) {
      const { message } = explainListenFault(error);
      log.error(message);
      say({ event: 'failed', message: message.slice(0, 1024) });
      return exitCodes.unavailable;
    }
    orders.onFurther((order) => {
      level = order.logLevel;
      running.follow(order);
    });
    const { reason, exitCode } = await Promise.race([ending, lost]);
    log.info(`ending: ${reason}`);
    await running.stop();
    return exitCode;
  } finally {
    owned.dispose();
  }
}

function createFrontDoor(
  order: FrontDoorOrder,
  supervisor: SupervisorClient,
  log: ReturnType<typeof createTerminalLogger>,
): FrontDoor {
  return new FrontDoor({
    certificate: describeCertificate(order.certificate.privateKeyPem, order.certificate.certificatePem),
    wellKnown: {
      protocol: protocolVersion,
      daemonId: order.daemonId,
      startId: randomBytes(16).toString('hex'),
      name: order.name,
      signIn: ['password'],
      version: productVersion,
    },
    supervisor,
    limits: frontDoorLimits,
    log,
  });
}

function openChannel(): Socket {
  try {
    return new Socket({ fd: supervisorDescriptor, readable: true, writable: true });
  } catch (error) {
    throw new Error('the front door is started by: remote-kernels serve', { cause: error });
  }
}

/** Orders from standard input. One that is not understood ends the process, since what it should have been is not known. */
function readOrders() {
  let onOrder: (order: FrontDoorOrder) => void;
  const waiting: FrontDoorOrder[] = [];
  const first = new Promise<FrontDoorOrder>((resolve) => {
    onOrder = (order) => {
      onOrder = (further) => void waiting.push(further);
      resolve(order);
    };
  });
  const ended = new Promise<Ending>((resolve) => {
    readBoundedLines(process.stdin, maxOrderBytes, {
      onLine: (line) => {
        const order = parseJson(line, parseFrontDoorOrder);
        // The parser's words name a place and a rule; the order itself, which holds the key, is never repeated.
        if (order.ok) onOrder(order.value);
        else
          resolve({ reason: `an order that is none (${order.error.path})`, exitCode: exitCodes.dataError });
      },
      onTooLong: () => resolve({ reason: 'an order that is too long', exitCode: exitCodes.dataError }),
      onEnd: () => resolve({ reason: 'the supervisor asked for it', exitCode: exitCodes.ok }),
    });
    process.stdin.on('error', () => resolve({ reason: 'its orders broke off', exitCode: exitCodes.ok }));
  });
  const onFurther = (listener: (order: FrontDoorOrder) => void) => {
    for (const order of waiting.splice(0)) listener(order);
    onOrder = listener;
  };
  return { first, ended, onFurther };
}

function askedBySignal(): Promise<Ending> {
  // A closed terminal is the supervisor's to judge.
  process.on('SIGHUP', () => undefined);
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => resolve({ reason: signal, exitCode: exitCodes.ok }));
  });
}

function say(event: FrontDoorEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
