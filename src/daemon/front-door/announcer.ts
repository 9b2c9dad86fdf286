import { createInterface, type Interface } from 'node:readline';
import { parseJson } from '../../base/parse';
import { parseAnnouncementOrder, type AnnouncementOrder } from '../../protocol/announcer';
import { exitCodes } from '../../protocol/command-line';
import { listNetworkInterfaces } from '../platform/network-interfaces';
import { Announcing, type AnnouncingOptions } from './announcing';
import { avahiSocket } from './avahi/avahi-socket';
import { AvahiWatch } from './avahi/avahi-watch';
import { connectToSystemBus } from './avahi/system-bus';
import { announceByOwnResponder } from './own-responder';

/** How long the goodbye may take before the process ends without it. */
const goodbyeTimeoutMs = 2_000;
const busBackoff = { firstMs: 5_000, capMs: 5 * 60_000, jitter: 0.2 };
const avahiRestartMs = 4_000;

/** How often and how long avahi-daemon is asked whether it still answers. */
type AvahiPace = Pick<AnnouncingOptions, 'avahiCheckMs' | 'avahiAnswerMs'>;

/** Why the process ends: somebody asked for it, or it is of no use. */
type Ending = { readonly exitCode: number; readonly words?: string };

/**
 * The process `remote-kernels announce`: announces what the orders on standard input say until that ends or a signal comes, says goodbye, and
 * resolves with the exit code. The library of the own responder may end this process as it likes; the daemon starts another.
 */
export async function runAnnouncer(pace: AvahiPace = {}): Promise<number> {
  const lines = createInterface({ input: process.stdin });
  // A closed terminal or a daemon that was killed shows as the end of standard input.
  process.on('SIGHUP', () => undefined);
  process.stdout.on('error', () => undefined);
  const { exitCode, words } = await announceUntilEnd(lines, pace);
  if (words !== undefined) process.stderr.write(`remote-kernels announce: ${words}\n`);
  lines.close();
  process.stdin.destroy();
  return exitCode;
}

async function announceUntilEnd(lines: Interface, pace: AvahiPace): Promise<Ending> {
  let end: (ending: Ending) => void = () => undefined;
  const ending = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  const announcing = new Announcing({
    watch: new AvahiWatch({ connect: connectToSystemBus, backoff: busBackoff, avahiSocket }),
    announceByOwnResponder,
    listInterfaces: listNetworkInterfaces,
    say: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
    onFailed: ({ message }) => end({ exitCode: exitCodes.unavailable, words: message }),
    avahiRestartMs,
    ...pace,
  });
  let isOrdered = false;
  const take = (order: AnnouncementOrder) => {
    isOrdered = true;
    announcing.announce(order);
  };
  lines.on('line', (line) => {
    const order = parseJson(line, parseAnnouncementOrder);
    if (order.ok) take(order.value);
    else end({ exitCode: exitCodes.dataError, words: order.error.message });
  });
  lines.once('close', () =>
    end(
      isOrdered
        ? { exitCode: exitCodes.ok }
        : { exitCode: exitCodes.dataError, words: 'there was nothing to announce' },
    ),
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => end({ exitCode: exitCodes.ok }));
  const found = await ending;
  setTimeout(() => process.exit(exitCodes.temporaryFailure), goodbyeTimeoutMs).unref();
  await announcing.stop();
  return found;
}
