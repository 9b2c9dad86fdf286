import { t } from '@vscode/l10n';
import type { Host } from '../../hosts/host';
import type { WatchedList } from '../../remote/remote-agent';
import type { Environment } from '../../../protocol/environments';
import type { ConnectionError } from '../../transports/transport';
import { visibleEnvironments } from '../visible-environments';
import { countEnvironments, countKernels, type Moment } from '../words';
import { environmentRow } from './environment-row';
import { hostRow } from './host-row';
import { kernelRow } from './kernel-row';
import { contextValue, type TreeRow } from './row';

/** A list says that it loads only when it takes longer than this. */
export const loadingAfterMs = 300;

/** What the rows are made of beside the hosts. */
export interface TreeSurroundings {
  readonly moment: Moment;
  readonly hiddenEnvironments: readonly string[];
  readonly isPinned: (environment: { readonly hostId: string; readonly environmentId: string }) => boolean;
  readonly describeError: (error: ConnectionError, host: Host) => string;
  /** The path of the notebook of this window that uses the kernel. */
  readonly notebookPathOf: (hostId: string, kernelId: string) => string | undefined;
}

/**
 * Whether the tree shows the host. This machine and the hosts of the ssh configuration are in the list of *Connect to Remote*; they come into
 * the tree once they were used, so that the tree is empty for a person who has not begun.
 */
export function isInTree(host: Host): boolean {
  if (host.state.kind !== 'disconnected') return true;
  return host.sources.has('saved') || host.sources.has('discovered') || host.isAnnounced;
}

/** The whole tree below the hosts, which come in that order. */
export function treeRows(hosts: readonly Host[], surroundings: TreeSurroundings): readonly TreeRow[] {
  return hosts.map((host) => {
    const environments = visibleEnvironments(host.agent.environments.items, surroundings.hiddenEnvironments);
    const problem = problemOf(host, surroundings);
    return hostRow(host, {
      moment: surroundings.moment,
      ...(problem === undefined ? {} : { problem }),
      environmentCount: environments.length,
      children: hasGroups(host)
        ? [environmentsRow(host, environments, surroundings), kernelsRow(host, surroundings)]
        : [],
    });
  });
}

/** What a host has told stays on the screen while it is away. */
function hasGroups(host: Host): boolean {
  const { kind } = host.state;
  return (
    kind === 'connected' ||
    ((kind === 'waiting' || kind === 'reconnecting') && host.agent.hello !== undefined)
  );
}

function environmentsRow(
  host: Host,
  environments: readonly Environment[],
  surroundings: TreeSurroundings,
): TreeRow {
  const isReachable = host.state.kind === 'connected';
  const rows = environments.map((environment) =>
    environmentRow(environment, {
      hostId: host.id,
      isReachable,
      isPinned: surroundings.isPinned({ hostId: host.id, environmentId: environment.id }),
      isChangeable: host.agent.capabilities.canChangeEnvironments,
    }),
  );
  const notice = noticeOf(host, host.agent.environments, surroundings.moment.now);
  return {
    id: `environments/${host.id}`,
    target: { hostId: host.id },
    label: t('Environments'),
    description: notice === 'loading' && rows.length === 0 ? '' : String(rows.length),
    icon: { id: 'list-tree' },
    tooltip: '',
    accessibilityLabel: `${host.name}: ${countEnvironments(rows.length)}`,
    contextValue: contextValue('environments', { connected: isReachable }),
    expansion: 'expanded',
    isGreyed: false,
    children:
      rows.length > 0
        ? rows
        : noticeRows(
            host,
            'environments',
            notice,
            t('Reading environments'),
            t('No environments were found.'),
          ),
  };
}

function kernelsRow(host: Host, surroundings: TreeSurroundings): TreeRow {
  const isReachable = host.state.kind === 'connected';
  const rows = host.agent.kernels.items.map((kernel) => {
    const notebookPath = surroundings.notebookPathOf(host.id, kernel.id);
    return kernelRow(kernel, {
      hostId: host.id,
      isReachable,
      moment: surroundings.moment,
      ...(notebookPath === undefined ? {} : { notebookPath }),
    });
  });
  const notice = noticeOf(host, host.agent.kernels, surroundings.moment.now);
  return {
    id: `kernels/${host.id}`,
    target: { hostId: host.id },
    label: t('Kernels'),
    description: notice === 'loading' && rows.length === 0 ? '' : String(rows.length),
    icon: { id: 'server-process' },
    tooltip: '',
    accessibilityLabel: `${host.name}: ${countKernels(rows.length)}`,
    contextValue: contextValue('kernels', { connected: isReachable }),
    expansion: 'expanded',
    isGreyed: false,
    children:
      rows.length > 0
        ? rows
        : noticeRows(host, 'kernels', notice, t('Reading kernels'), t('No kernels are running.')),
  };
}

type Notice = 'none' | 'loading' | 'empty';

/** An empty list says why: it is still read, and that takes long; or there is nothing. */
function noticeOf(host: Host, list: WatchedList<unknown>, now: number): Notice {
  if (list.freshness === 'current') return 'empty';
  if (host.state.kind !== 'connected') return 'none';
  return now - host.state.since >= loadingAfterMs ? 'loading' : 'none';
}

function noticeRows(
  host: Host,
  group: string,
  notice: Notice,
  loading: string,
  empty: string,
): readonly TreeRow[] {
  if (notice === 'none') return [];
  const label = notice === 'loading' ? loading : empty;
  return [
    {
      id: `notice/${group}/${host.id}`,
      target: { hostId: host.id },
      label,
      description: '',
      icon: { id: notice === 'loading' ? 'loading~spin' : 'blank' },
      tooltip: '',
      accessibilityLabel: label,
      contextValue: 'notice',
      expansion: 'none',
      isGreyed: notice === 'empty',
      children: [],
    },
  ];
}

function problemOf(host: Host, { describeError }: TreeSurroundings): string | undefined {
  return 'cause' in host.state ? describeError(host.state.cause, host) : undefined;
}
