import { t } from '@vscode/l10n';
import { escapeMarkdown, formatDuration } from '../../../base/text';
import { formatShortPin } from '../../../protocol/pin';
import { protocolVersion } from '../../../protocol/version';
import { isLost } from '../../hosts/host-state';
import type { Host } from '../../hosts/host';
import { concernOf } from '../../transports/certificate-end';
import { isReconnectable, staysLost } from '../lost';
import {
  certificateWords,
  countEnvironments,
  countKernels,
  dayWords,
  endpointWords,
  secondsUntil,
  shortReason,
  stepWords,
  timeWords,
  type Moment,
} from '../words';
import { contextValue, tooltipLines, type TreeRow } from './row';

/** Above this the countdown moves in steps, so that a long wait does not redraw the tree every second. */
const countdownStepSeconds = 5;

/** What is known of a host beside the host itself. */
export interface HostSurroundings {
  readonly moment: Moment;
  /** A sentence on why it is not connected. */
  readonly problem?: string;
  readonly environmentCount: number;
  readonly children: readonly TreeRow[];
}

/** The row of a host. */
export function hostRow(host: Host, surroundings: HostSurroundings): TreeRow {
  const { moment, children } = surroundings;
  const description = describeHost(host, moment);
  return {
    id: hostRowId(host.id, children.length > 0),
    target: { hostId: host.id },
    label: host.name,
    description,
    icon: hostIcon(host),
    tooltip: hostTooltip(host, surroundings),
    accessibilityLabel: accessibleHost(host, description, surroundings),
    contextValue: hostContextValue(host),
    expansion: children.length === 0 ? 'none' : 'expanded',
    isGreyed: isOffline(host),
    children,
  };
}

/**
 * The editor keeps a row closed that had nothing to open when it first saw it. So a host with something below it is another row than the same host
 * without.
 */
export function hostRowId(hostId: string, hasChildren: boolean): string {
  return hasChildren ? `host/${hostId}` : `host/${hostId}/leaf`;
}

/** Whether a host that was found on the network is not there at the moment. One with a typed address may be there without an announcement. */
export function isOffline(host: Host): boolean {
  if (host.state.kind !== 'disconnected' || host.isAnnounced) return false;
  return (
    host.endpoints.length > 0 &&
    host.endpoints.every((endpoint) => endpoint.kind === 'tls' && endpoint.origin === 'discovered')
  );
}

/** How a host stands, as the description of its row. */
export function describeHost(host: Host, moment: Moment): string {
  const { state } = host;
  switch (state.kind) {
    case 'connecting':
      return t('connecting: {0}', stepWords(state.step));
    case 'connected':
      return isLocal(host) ? t('connected') : t('connected as {0}', state.userName);
    case 'waiting': {
      const seconds = secondsUntil(state.retryAt, moment.now);
      const shown =
        seconds <= 2 * countdownStepSeconds
          ? seconds
          : Math.ceil(seconds / countdownStepSeconds) * countdownStepSeconds;
      return t('reconnecting in {0} s', shown);
    }
    case 'reconnecting':
      return t('reconnecting');
    case 'sign-in-needed':
      return t('sign-in needed');
    case 'key-changed':
      return t('key changed: not connecting');
    case 'failed':
      return shortReason(state.cause.code);
    case 'disconnected':
      return describeDisconnected(host, moment);
  }
}

function describeDisconnected(host: Host, moment: Moment): string {
  if (isLocal(host)) return t('not connected');
  if (isOffline(host)) {
    return host.lastSeenAt === undefined
      ? t('offline')
      : t('offline, last seen {0}', dayWords(host.lastSeenAt, moment));
  }
  if (host.isSignedOut) return t('signed out');
  if (host.endpoints[0]?.kind === 'ssh') return t('SSH · not connected');
  return t('not connected');
}

/**
 * Whether there may be a sign-in to end. A saved host keeps it beyond the connection, so it can be ended without one, until the person has signed
 * out; whether it still holds only the host knows.
 */
export function canSignOut(host: Host): boolean {
  if (isLocal(host)) return false;
  if (host.state.kind === 'connected' || isLost(host.state)) return true;
  return (
    host.sources.has('saved') &&
    !host.isSignedOut &&
    host.userName !== undefined &&
    host.userName !== '' &&
    host.endpoints.some((endpoint) => endpoint.kind === 'tls')
  );
}

function hostIcon(host: Host): TreeRow['icon'] {
  switch (host.state.kind) {
    case 'connected':
      return { id: 'vm-active', color: 'charts.green' };
    case 'connecting':
    case 'waiting':
    case 'reconnecting':
      return { id: 'vm-connect', color: 'charts.yellow' };
    case 'sign-in-needed':
      return { id: 'key', color: 'charts.yellow' };
    case 'key-changed':
      return { id: 'shield', color: 'charts.red' };
    case 'failed':
      return { id: 'warning', color: 'list.warningForeground' };
    case 'disconnected':
      return isOffline(host) ? { id: 'vm-outline', color: 'disabledForeground' } : { id: 'vm-outline' };
  }
}

function hostTooltip(host: Host, { moment, problem }: HostSurroundings): string {
  const { state, agent } = host;
  const since = state.kind === 'connected' ? moment.now - state.since : undefined;
  const lost = 'lostAt' in state ? timeWords(state.lostAt, moment) : undefined;
  const isAttached = state.kind === 'connected';
  return tooltipLines(escapeMarkdown(host.name), [
    [t('State'), escapeMarkdown(describeHost(host, moment))],
    [t('Reason'), problem === undefined ? undefined : escapeMarkdown(problem)],
    [t('Lost at'), lost],
    [t('Connected for'), since === undefined ? undefined : formatDuration(since)],
    [t('Address'), host.endpoints.map((endpoint) => escapeMarkdown(endpointWords(endpoint))).join(', ')],
    [
      t('Key'),
      host.accepted === undefined
        ? undefined
        : t('{0}, accepted {1}', formatShortPin(host.accepted.pin), dayWords(host.accepted.at, moment)),
    ],
    [t('Certificate'), certificateLine(host, moment)],
    [
      t('Round trip'),
      isAttached && host.roundTripMs !== undefined
        ? `${Math.max(1, Math.round(host.roundTripMs))} ms`
        : undefined,
    ],
    [
      t('Daemon'),
      agent.hello === undefined
        ? undefined
        : escapeMarkdown(
            t('{0}, protocol {1} (here: {2})', agent.hello.version, agent.hello.protocol, protocolVersion),
          ),
    ],
    [t('System'), agent.hello === undefined ? undefined : escapeMarkdown(agent.hello.platform)],
    [
      t('Last seen'),
      state.kind === 'disconnected' && host.lastSeenAt !== undefined
        ? timeWords(host.lastSeenAt, moment)
        : undefined,
    ],
  ]);
}

/** Nothing while its end is far. */
function certificateLine(host: Host, moment: Moment): string | undefined {
  const concern = concernOf(host.certificate, moment.now);
  return concern === undefined ? undefined : escapeMarkdown(certificateWords(concern, host.name, moment));
}

function accessibleHost(host: Host, description: string, surroundings: HostSurroundings): string {
  const parts = [host.name, description];
  if (host.state.kind === 'connected') {
    parts.push(countEnvironments(surroundings.environmentCount));
    parts.push(countKernels(host.agent.kernels.items.length));
  }
  return parts.join(', ');
}

function hostContextValue(host: Host): string {
  const { kind } = host.state;
  const isConnectable =
    kind === 'disconnected' || kind === 'sign-in-needed' || (kind === 'failed' && !staysLost(host.state));
  const isSaved = host.sources.has('saved');
  return contextValue('host', {
    connectable: isConnectable,
    connected: kind === 'connected',
    disconnectable: kind === 'connected' || kind === 'connecting' || isReconnectable(host.state),
    editable: isSaved && host.endpoints.some((endpoint) => endpoint.kind === 'tls'),
    forgettable: isSaved && !isLocal(host),
    keyChanged: kind === 'key-changed',
    lost: isReconnectable(host.state),
    signedIn: canSignOut(host),
  });
}

function isLocal(host: Host): boolean {
  return host.endpoints.length > 0 && host.endpoints.every((endpoint) => endpoint.kind === 'local');
}
