import { getResponder } from '@homebridge/ciao';
import type { CiaoService, Responder } from '@homebridge/ciao';
import { createInterface } from 'node:readline';
import { parseJson } from '../../base/parse';
import { toError } from '../../base/errors';
import { announcement } from '../../protocol/announcement';
import {
  parseAnnouncementOrder,
  type AnnouncementOrder,
  type AnnouncerEvent,
} from '../../protocol/announcer';
import { exitCodes } from '../../protocol/command-line';

/** How long the goodbye may take before the process ends without it. */
const goodbyeTimeoutMs = 2_000;

/**
 * The process `remote-kernels announce`: reads one order from standard input, announces until standard input ends or a signal comes, says
 * goodbye, and resolves with the exit code. The library may end this process as it likes; the daemon starts another.
 */
export async function runAnnouncer(): Promise<number> {
  const lines = createInterface({ input: process.stdin });
  const ended = new Promise<void>((resolve) => {
    lines.once('close', resolve);
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  // A closed terminal or a daemon that was killed shows as the end of standard input.
  process.on('SIGHUP', () => undefined);
  process.stdout.on('error', () => undefined);
  const first = await Promise.race([
    new Promise<string>((resolve) => lines.once('line', resolve)),
    ended.then(() => ''),
  ]);
  const order = parseJson(first, parseAnnouncementOrder);
  if (!order.ok) {
    process.stderr.write(`remote-kernels announce: ${order.error.message}\n`);
    return exitCodes.dataError;
  }
  const { service, responder } = createService(order.value);
  try {
    await service.advertise();
    say({ event: 'announced', name: lastName(service, order.value) });
    service.on('name-change', (changed) => say({ event: 'announced', name: changed }));
    await ended;
  } catch (error) {
    process.stderr.write(`remote-kernels announce: ${toError(error).message}\n`);
    return exitCodes.unavailable;
  } finally {
    setTimeout(() => process.exit(exitCodes.temporaryFailure), goodbyeTimeoutMs).unref();
    await responder.shutdown();
    lines.close();
    process.stdin.destroy();
  }
  return exitCodes.ok;
}

const namesInUse = new WeakMap<CiaoService, string>();

function createService(order: AnnouncementOrder): {
  readonly service: CiaoService;
  readonly responder: Responder;
} {
  const responder = getResponder({ interface: [...order.interfaces] });
  const service = responder.createService({
    name: order.name,
    type: announcement.type,
    port: order.port,
    hostname: order.hostLabel,
    txt: order.text,
    restrictedAddresses: [...order.addresses],
    disabledIpv6: order.isIPv4Only,
  });
  service.on('name-change', (changed) => namesInUse.set(service, changed));
  // The library insists on a listener; the SRV record carries whatever name it found.
  service.on('hostname-change', () => undefined);
  return { service, responder };
}

function lastName(service: CiaoService, order: AnnouncementOrder): string {
  return namesInUse.get(service) ?? order.name;
}

function say(event: AnnouncerEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
