import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import {
  parseAnnouncerEvent,
  type AnnouncementOrder,
  type AnnouncerEvent,
} from '../../../src/protocol/announcer';
import { daemonBundle } from '../../support/daemon-bundle';
import { hasProgram, isRoot, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

const run = promisify(execFile);
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A machine of the lab: a network namespace, without any route to elsewhere, and a `/run` of its own. */
export interface LabMachine {
  readonly namespace: string;
  /** Starts a program there; its pid is the child's own. It is ended after the test. */
  spawn(command: string, words: readonly string[], environment?: Record<string, string>): ChildProcess;
  /** Runs a program to its end and resolves with what it printed. */
  run(command: string, words: readonly string[]): Promise<string>;
  /** Starts the message bus and resolves when it listens. */
  startBus(): Promise<ChildProcess>;
  /** Starts avahi-daemon with those further lines of configuration, and resolves when it is complete. */
  startAvahi(options?: AvahiOptions): Promise<ChildProcess>;
}

/** How an avahi-daemon of the lab differs from a usual one. */
export interface AvahiOptions {
  readonly hostName?: string;
  /** Lines of `[server]`, and of `[publish]`. */
  readonly server?: readonly string[];
  readonly publish?: readonly string[];
  /** Whether it is complete without the message bus. */
  readonly isWithoutBus?: boolean;
}

/** A host with two networks, and another machine in each of them. */
export interface Lab {
  readonly host: LabMachine;
  /** Behind `eth7` of the host, which has 10.231.7.1 and fd31:7::1 there. */
  readonly near: LabMachine;
  /** Behind `eth9` of the host, which has 10.231.9.1 and fd31:9::1 there. */
  readonly far: LabMachine;
  /** Puts a further cable between two machines: the interface is `eth<number>` on both, with `10.231.<number>.1` and `.2`. */
  connect(number: number, one: LabMachine, other: LabMachine): Promise<void>;
  /** Takes that interface away from both. */
  disconnect(number: number, one: LabMachine): Promise<void>;
}

/** Makes the lab, or skips the test and gives `undefined` where the machine does not let us. */
export async function startLab(t: TestContext): Promise<Lab | undefined> {
  const programs = ['ip', 'unshare', 'nsenter', 'dbus-daemon', 'avahi-daemon', 'avahi-browse'];
  const isThere = isRoot() && programs.every(hasProgram);
  if (!requirePeer(t, 'root, iproute2, dbus-daemon, avahi-daemon and avahi-utils', isThere)) return undefined;
  const [host, near, far] = [
    await startMachine(t, 'h'),
    await startMachine(t, 'n'),
    await startMachine(t, 'f'),
  ];
  await connect(7, host, near);
  await connect(9, host, far);
  return {
    host,
    near,
    far,
    connect,
    async disconnect(number, one) {
      await ip(`-n ${one.namespace} link del eth${number}`);
    },
  };
}

function ip(words: string) {
  return run('ip', words.split(' '));
}

async function connect(number: number, one: LabMachine, other: LabMachine): Promise<void> {
  const name = `eth${number}`;
  await ip(`link add ${name} netns ${one.namespace} type veth peer name ${name} netns ${other.namespace}`);
  for (const [machine, last] of [
    [one, 1],
    [other, 2],
  ] as const) {
    const { namespace } = machine;
    await ip(`-n ${namespace} addr add 10.231.${number}.${last}/24 dev ${name}`);
    await ip(`-n ${namespace} addr add fd31:${number}::${last}/64 dev ${name} nodad`);
    await ip(`-n ${namespace} link set ${name} up`);
    // bonjour-service sends where the route of multicast leads.
    await ip(`-n ${namespace} route append 224.0.0.0/4 dev ${name}`);
  }
}

let machines = 0;

async function startMachine(t: TestContext, letter: string): Promise<LabMachine> {
  machines += 1;
  const namespace = `rk${letter}${process.pid}-${machines}`;
  await ip(`netns add ${namespace}`);
  t.after(() => ip(`netns del ${namespace}`));
  await ip(`-n ${namespace} link set lo up`);
  const script =
    'mount -t tmpfs tmpfs /run && mkdir -p /run/dbus /run/avahi-daemon && echo ready && exec cat';
  const holder = spawn('ip', ['netns', 'exec', namespace, 'unshare', '-m', 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data', { signal: withDeadline(30_000, 'the machine') });
  const children: ChildProcess[] = [];
  t.after(async () => {
    await Promise.all([...children.reverse(), holder].map((child) => end(child)));
  });
  const prefix = ['-t', String(holder.pid), '-m', '-n', '--'];
  const start = (command: string, words: readonly string[], environment: Record<string, string> = {}) => {
    const child = spawn('nsenter', [...prefix, command, ...words], {
      env: { PATH: path, LANG: 'C.UTF-8', ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => child.stdin.destroy());
    children.push(child);
    return child;
  };
  return {
    namespace,
    spawn: start,
    async run(command, words) {
      const { stdout } = await run('nsenter', [...prefix, command, ...words], { timeout: 60_000 });
      return stdout;
    },
    async startBus() {
      const bus = start('dbus-daemon', ['--system', '--nofork', '--nopidfile', '--print-address=1']);
      await once(bus.stdout, 'data', { signal: withDeadline(30_000, 'the message bus') });
      return bus;
    },
    async startAvahi(options = {}) {
      const { hostName = `machine-${letter}`, server = [], publish = [], isWithoutBus = false } = options;
      const file = join(await temporaryFolder(t), 'avahi.conf');
      const lines = [
        '[server]',
        `host-name=${hostName}`,
        ...server,
        '[publish]',
        'publish-hinfo=no',
        ...publish,
      ];
      await writeFile(file, `${lines.join('\n')}\n`);
      const avahi = start('avahi-daemon', ['--no-drop-root', '--no-chroot', '-f', file]);
      const words = collect(avahi);
      const complete = isWithoutBus ? /starting up/ : /Server startup complete/;
      const signal = withDeadline(60_000, 'avahi-daemon');
      await until(() => (complete.test(words()) ? true : undefined), signal);
      return avahi;
    },
  };
}

/** Ends a child by force unless it has ended, and waits for that. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit', { signal: withDeadline(30_000, 'the end of a process') });
  child.kill(signal);
  await ended;
}

/** What a child has written to standard error so far. */
export function collect(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** A running `remote-kernels announce`. */
export interface LabAnnouncer {
  readonly child: ChildProcess;
  readonly events: readonly AnnouncerEvent[];
  /** Gives it another order. */
  tell(order: AnnouncementOrder): void;
  /** Resolves with the first event, after those that were there, that passes. */
  says(what: string, filter: (event: AnnouncerEvent) => boolean): Promise<AnnouncerEvent>;
  /** Ends its input and resolves with the exit code. */
  end(): Promise<number | null>;
}

/** Starts the announcing process of a daemon on a machine, as that user. */
export function announce(machine: LabMachine, order: AnnouncementOrder, user = 'nobody'): LabAnnouncer {
  const child = machine.spawn('setpriv', [
    ...['--reuid', user, '--regid', 'nogroup', '--clear-groups', '--no-new-privs', '--reset-env'],
    ...[process.execPath, daemonBundle(), 'announce'],
  ]);
  return follow(child, order);
}

/** Starts, from the sources, an announcing process that asks avahi-daemon twice a second whether it still answers. */
export function announceChecking(machine: LabMachine, order: AnnouncementOrder): LabAnnouncer {
  const script = join(__dirname, 'announce-checking.ts');
  return follow(machine.spawn('env', ['-C', __dirname, process.execPath, '--import', 'tsx', script]), order);
}

function follow(child: ChildProcess, order: AnnouncementOrder): LabAnnouncer {
  child.stderr?.pipe(process.stderr);
  const events: AnnouncerEvent[] = [];
  if (child.stdout === null) throw new Error('the announcer has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = parseJson(line, parseAnnouncerEvent);
    // The library of the own responder prints words that are no events.
    if (event.ok) events.push(event.value);
  });
  const tell = (next: AnnouncementOrder) => child.stdin?.write(`${JSON.stringify(next)}\n`);
  tell(order);
  let seen = 0;
  return {
    child,
    events,
    tell,
    says: (what, filter) =>
      until(
        () => {
          const found = events.findIndex((event, index) => index >= seen && filter(event));
          if (found < 0) return undefined;
          seen = found + 1;
          return events[found];
        },
        withDeadline(60_000, what),
      ),
    async end() {
      const ended = once(child, 'exit', { signal: withDeadline(30_000, 'the end of the announcer') });
      child.stdin?.end();
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}

/** A service as `avahi-browse -rp` resolved it. */
export interface BrowsedService {
  readonly interfaceName: string;
  readonly family: string;
  readonly name: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly text: readonly string[];
}

/** Browses with Avahi's own program until the test ends. */
export interface AvahiBrowser {
  /** The services that are there now, resolved. */
  readonly services: () => readonly BrowsedService[];
  /** Every line so far. */
  readonly lines: readonly string[];
  /** Resolves with the services as soon as they pass. A service that changes without going is not resolved again: see `askAvahi`. */
  untilServices(
    what: string,
    filter: (services: readonly BrowsedService[]) => boolean,
  ): Promise<readonly BrowsedService[]>;
}

/** Asks anew until what is found passes. */
export async function askAvahi(
  machine: LabMachine,
  what: string,
  filter: (services: readonly BrowsedService[]) => boolean,
): Promise<readonly BrowsedService[]> {
  return await until(
    async () => {
      const present = new Map<string, BrowsedService>();
      // A service that goes while it is resolved is waited for by `avahi-browse -t` without end.
      const look = 'timeout 10 avahi-browse -rpt _remote-kernels._tcp || true';
      const printed = await machine.run('sh', ['-c', look]);
      for (const line of printed.split('\n')) readLine(line, present);
      const services = [...present.values()].filter(({ interfaceName }) => interfaceName !== 'lo');
      return filter(services) ? services : undefined;
    },
    withDeadline(60_000, what),
  );
}

function readLine(line: string, present: Map<string, BrowsedService>): void {
  const [
    sign,
    interfaceName = '',
    family = '',
    name = '',
    ,
    ,
    host = '',
    address = '',
    port = '',
    text = '',
  ] = line.split(';');
  const key = `${interfaceName} ${family} ${name}`;
  if (sign === '-') present.delete(key);
  if (sign !== '=') return;
  const entries = [...text.matchAll(/"([^"]*)"/g)].map(([, entry = '']) => entry).sort();
  present.set(key, {
    interfaceName,
    family,
    name: unescape(name),
    host,
    address,
    port: Number(port),
    text: entries,
  });
}

/** Starts `avahi-browse -rp` on a machine where avahi-daemon runs. */
export function browseWithAvahi(machine: LabMachine): AvahiBrowser {
  const child = machine.spawn('avahi-browse', ['-rp', '_remote-kernels._tcp']);
  const lines: string[] = [];
  const present = new Map<string, BrowsedService>();
  if (child.stdout === null) throw new Error('avahi-browse has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    readLine(line, present);
  });
  const services = () => [...present.values()].filter(({ interfaceName }) => interfaceName !== 'lo');
  return {
    services,
    lines,
    untilServices: async (what, filter) => {
      const signal = withDeadline(60_000, what);
      try {
        return await until(() => (filter(services()) ? services() : undefined), signal);
      } catch (error) {
        throw new Error(`${what}; seen:\n${lines.join('\n')}`, { cause: error });
      }
    },
  };
}

/** `\032` is a space for avahi-browse. */
function unescape(name: string): string {
  return name.replace(/\\(\d{3})/g, (_all, digits: string) => String.fromCharCode(Number(digits)));
}
