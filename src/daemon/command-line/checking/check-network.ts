import { join } from 'node:path';
import * as v from 'valibot';
import { systemErrorCode, toError } from '../../../base/errors';
import { parserOf } from '../../../base/parse';
import { withDeadline } from '../../../base/time';
import { controlPaths } from '../../../protocol/daemon-control';
import { readListen, type ListenChoice } from '../../configuration/serve-options';
import type { SystemConfiguration } from '../../configuration/system-configuration';
import { isEverywhere, isOnLoopbackOnly } from '../../front-door/avahi/avahi-entries';
import { probeAvahi } from '../../front-door/avahi/avahi-probe';
import { avahiSocket } from '../../front-door/avahi/avahi-socket';
import { connectToSystemBus } from '../../front-door/avahi/system-bus';
import { Listeners, PortInUseError } from '../../front-door/listeners';
import { chooseAnnouncedInterfaces, listNetworkInterfaces } from '../../platform/network-interfaces';
import { requestJson } from '../../platform/socket-http';
import { doubtful, fine, wrong, type CheckedHost, type Finding } from './finding';

/** Looks whether the daemon could listen as configured, or already does. */
export async function checkPort(
  host: CheckedHost,
  { port, listen }: Pick<SystemConfiguration, 'port' | 'listen'>,
): Promise<readonly Finding[]> {
  const subject = 'port';
  const choices = readListen(listen);
  if (!choices.ok) return [wrong(subject, choices.error.message)];
  const findings: Finding[] = [];
  const running = await askRunningDaemon(host);
  for (const choice of choices.value) {
    const finding = await tryToListen(subject, choice, port, { running, isRoot: host.isRoot });
    if (finding !== undefined) findings.push(finding);
  }
  if (findings.length > 0) return findings;
  if (port === 0) return [fine(subject, 'a free one is taken at the start')];
  return [
    fine(
      subject,
      running?.ports.includes(port) === true
        ? `${port} is held by the daemon that runs (process ${running.pid})`
        : `${port} is free`,
    ),
  ];
}

/** The daemon of this host that runs now. */
export interface RunningDaemon {
  readonly pid: number;
  readonly ports: readonly number[];
}

const parseRunning = parserOf('status', v.object({ pid: v.number(), addresses: v.array(v.string()) }));
const askTimeoutMs = 5_000;

/** Asks on the control socket, which only root can open; `undefined` when nobody answers there. */
async function askRunningDaemon({ paths }: CheckedHost): Promise<RunningDaemon | undefined> {
  try {
    const status = await requestJson(
      {
        socket: join(paths.run, 'control.sock'),
        path: controlPaths.status,
        signal: withDeadline(askTimeoutMs, 'the daemon'),
      },
      parseRunning,
    );
    return {
      pid: status.pid,
      ports: status.addresses.map((address) => Number(address.slice(address.lastIndexOf(':') + 1))),
    };
  } catch {
    // Whatever the reason, there is no daemon that says the port is its own.
    return undefined;
  }
}

async function tryToListen(
  subject: string,
  choice: ListenChoice,
  port: number,
  seen: { readonly running: RunningDaemon | undefined; readonly isRoot: boolean },
): Promise<Finding | undefined> {
  const listeners = new Listeners((socket) => socket.destroy());
  try {
    await listeners.listen([{ host: choice.host, isOptional: false }], port);
    return undefined;
  } catch (error) {
    if (error instanceof PortInUseError) {
      if (seen.running?.ports.includes(port) === true) return undefined;
      return seen.isRoot
        ? wrong(subject, error.message, `ss -lntp 'sport = :${port}' shows which; or set another "port"`)
        : doubtful(
            subject,
            `port ${port} on ${choice.host} is in use; whether by the daemon itself can only be seen by root`,
            'sudo remote-kernels check',
          );
    }
    return judgeListenError(subject, choice, port, error);
  } finally {
    listeners.dispose();
  }
}

function judgeListenError(
  subject: string,
  choice: ListenChoice,
  port: number,
  error: unknown,
): Finding | undefined {
  const code = systemErrorCode(error);
  if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL')
    return choice.isOptional
      ? undefined
      : wrong(subject, `this machine has no address ${choice.host}`, 'give one of: ip -brief address');
  if (code === 'EACCES' || code === 'EPERM')
    return doubtful(
      subject,
      `whether port ${port} is free can only be seen by root`,
      'sudo remote-kernels check',
    );
  return wrong(subject, `${choice.host}, port ${port}: ${toError(error).message}`);
}

/** Where avahi-daemon is looked for. */
export type AvahiPlaces = Parameters<typeof probeAvahi>[0];

const announcementTimeoutMs = 15_000;
const avahiConfiguration = '/etc/avahi/avahi-daemon.conf';

/** Looks by whom and where the host would be announced. Announces nothing. */
export async function checkAnnouncement(
  { announce, listen }: Pick<SystemConfiguration, 'announce' | 'listen'>,
  places: AvahiPlaces = { connect: connectToSystemBus, avahiSocket },
): Promise<Finding> {
  const subject = 'announcement';
  if (!announce) return fine(subject, 'the host is not announced, as configured');
  const choices = readListen(listen);
  const hosts = choices.ok ? choices.value.map(({ host }) => host) : [];
  const present = listNetworkInterfaces();
  const chosen = chooseAnnouncedInterfaces(hosts, present);
  if (chosen === undefined)
    return doubtful(
      subject,
      'no network interface is there to announce the host on; it is announced once there is one',
      'ip -brief address',
    );
  const own = `the daemon's own responder announces the host on ${chosen.interfaces.join(', ')}`;
  if (isOnLoopbackOnly(chosen, present)) return fine(subject, `${own} only`);
  const use = await probeAvahi(places, withDeadline(announcementTimeoutMs, 'avahi-daemon'));
  switch (use.kind) {
    case 'usable':
      return fine(
        subject,
        isEverywhere(chosen)
          ? 'avahi-daemon announces the host on every interface that it serves'
          : `avahi-daemon announces the host on ${chosen.interfaces.join(', ')}`,
      );
    case 'not-running':
      return fine(subject, `${own}; avahi-daemon does not run here`);
    case 'refused':
      return doubtful(
        subject,
        `${own}, since avahi-daemon, which runs here, refuses: ${use.why}`,
        `see disable-publishing and disable-user-service-publishing in ${avahiConfiguration}`,
      );
    case 'unreachable':
      return doubtful(
        subject,
        `${own}, since avahi-daemon, which runs here, cannot be reached: ${use.why}`,
        `the system's message bus (D-Bus) has to run, and enable-dbus in ${avahiConfiguration} must not be no`,
      );
  }
}
