import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { expectParsed, parseJson } from '../../src/base/parse';
import { withDeadline } from '../../src/base/time';
import { startDaemon, type RunningDaemon } from '../../src/development/daemon-process';
import { formatAnnouncement } from '../../src/protocol/announcement';
import { parseAnnouncerEvent, type AnnouncementOrder } from '../../src/protocol/announcer';
import { pinHint } from '../../src/protocol/pin';
import { protocolVersion } from '../../src/protocol/version';
import { startCutter, type Cutter } from './cutter';
import { daemonBundle } from './daemon-bundle';

/** A daemon that is found on loopback, with a network in front of it that can be cut. */
export interface AnnouncedDaemon {
  readonly daemon: RunningDaemon;
  readonly cutter: Cutter;
}

/**
 * Starts a daemon and announces it, by the daemon's own announcer, at the port of a cutter: whoever finds it on the network connects through the
 * cutter. All of it ends with the test.
 */
export async function startAnnouncedDaemon(
  t: TestContext,
  name: string,
  environment: Record<string, string>,
): Promise<AnnouncedDaemon> {
  const signal = AbortSignal.timeout(60_000);
  const daemon = await startDaemon({ name, environment, words: ['--no-announce'] }, signal);
  t.after(() => daemon.end());
  const cutter = await startCutter(t, daemon.port);
  await announce(t, name, daemon, cutter.port, environment);
  return { daemon, cutter };
}

async function announce(
  t: TestContext,
  name: string,
  daemon: RunningDaemon,
  port: number,
  environment: Record<string, string>,
): Promise<void> {
  const { daemonId, pin } = daemon;
  const order: AnnouncementOrder = {
    name,
    hostLabel: `test-${daemonId.slice(0, 6)}`,
    port,
    text: formatAnnouncement({ id: daemonId, v: protocolVersion, fp: pinHint(pin), name }),
    interfaces: ['lo'],
    addresses: ['127.0.0.1'],
    isIPv4Only: true,
  };
  const child = spawn(process.execPath, [daemonBundle(), 'announce'], {
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  child.stdin.on('error', () => child.kill('SIGKILL'));
  t.after(async () => {
    child.stdin.end();
    await ended;
  });
  child.stdin.write(`${JSON.stringify(order)}\n`);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line', { signal: withDeadline(15_000, 'the announcement') })) as [
    string,
  ];
  expectParsed(parseJson(line, parseAnnouncerEvent));
}
