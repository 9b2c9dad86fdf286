import { t } from '@vscode/l10n';
import { escapeCodicons, escapeMarkdown } from '../../../base/text';
import type { CommandId } from '../../commands/ids';
import { commandIds } from '../../commands/ids';
import type { CommandTarget } from '../../editor/command-target';
import type { NotebookKernelReference } from '../../editor/notebook-kernels';
import { isLost, type HostState } from '../../hosts/host-state';
import type { Host } from '../../hosts/host';
import type { ConnectionError } from '../../transports/transport';
import { staysLost } from '../lost';
import { countKernels, secondsUntil, shortReason, stepWords, timeWords, type Moment } from '../words';

/** The item of the status bar as data. */
export interface StatusBarText {
  readonly text: string;
  readonly background?: 'warning' | 'error';
  readonly command: { readonly id: CommandId; readonly title: string; readonly target?: CommandTarget };
  /** Markdown that may link to the commands of {@link StatusBarText.links}, and to nothing else. */
  readonly tooltip: string;
  readonly links: readonly CommandId[];
  readonly accessibilityLabel: string;
}

/** What the status bar is made of. */
export interface StatusBarModel {
  readonly hosts: readonly Host[];
  /** What the notebook in front uses. */
  readonly notebook?: NotebookKernelReference;
  readonly moment: Moment;
  readonly describeError: (error: ConnectionError, host: Host) => string;
}

/** What the status bar says, or `undefined` when there is nothing to say: no host is saved, found or connected. */
export function statusBarText(model: StatusBarModel): StatusBarText | undefined {
  const inFront = model.hosts.find((host) => host.id === model.notebook?.hostId);
  const troubled = [...model.hosts]
    .filter((host) => troubleRank(host.state) < quiet)
    .sort((one, other) => troubleRank(one.state) - troubleRank(other.state));
  const trouble = inFront !== undefined && troubled.includes(inFront) ? inFront : troubled[0];
  if (trouble !== undefined) return troubleText(trouble, model);
  const connected = model.hosts.filter((host) => host.state.kind === 'connected');
  const only = connected[0];
  if (only !== undefined) return connectedText(only, connected, model);
  return idleText(model);
}

const quiet = 9;

/** What needs a person most comes first. Failed attempts that nobody waits for are not trouble of this moment; a connection that went is. */
function troubleRank(state: HostState): number {
  switch (state.kind) {
    case 'key-changed':
      return 0;
    case 'sign-in-needed':
      return 1;
    case 'waiting':
    case 'reconnecting':
      return 2;
    case 'connecting':
      return 3;
    case 'failed':
      return staysLost(state) ? 2 : quiet;
    case 'connected':
    case 'disconnected':
      return quiet;
  }
}

function troubleText(host: Host, model: StatusBarModel): StatusBarText {
  const label = escapeCodicons(host.name);
  const target = { hostId: host.id };
  const { state } = host;
  const make = (
    icon: string,
    words: string,
    rest: Omit<StatusBarText, 'text' | 'tooltip' | 'links' | 'accessibilityLabel'>,
  ) => {
    const links = [...new Set<CommandId>([rest.command.id, commandIds.showConnections, commandIds.showLog])];
    return {
      ...rest,
      text: `$(${icon}) ${label}: ${words}`,
      tooltip: troubleTooltip(host, model, rest.command),
      links,
      // Without the countdown: a screen reader would begin anew every second.
      accessibilityLabel: `${host.name}: ${state.kind === 'waiting' ? t('reconnecting') : words}. ${rest.command.title}.`,
    };
  };
  switch (state.kind) {
    case 'key-changed':
      return make('shield', t('key changed'), {
        background: 'error',
        command: { id: commandIds.replaceKey, title: t('Explain'), target },
      });
    case 'sign-in-needed':
      return make('key', t('sign in'), {
        background: 'warning',
        command: { id: commandIds.connect, title: t('Sign In'), target },
      });
    case 'waiting':
      return make('sync~spin', t('reconnecting in {0} s', secondsUntil(state.retryAt, model.moment.now)), {
        background: 'warning',
        command: { id: commandIds.reconnect, title: t('Reconnect Now'), target },
      });
    case 'reconnecting':
      return make('sync~spin', t('reconnecting'), {
        background: 'warning',
        command: { id: commandIds.reconnect, title: t('Reconnect Now'), target },
      });
    case 'connecting':
      return make('sync~spin', t('connecting'), {
        command: { id: commandIds.showConnections, title: t('Show Connections') },
      });
    case 'failed':
      return make('warning', shortReason(state.cause.code), {
        background: 'warning',
        command: { id: commandIds.reconnect, title: t('Reconnect'), target },
      });
    case 'connected':
    case 'disconnected':
      return make('vm-outline', t('not connected'), {
        command: { id: commandIds.connect, title: t('Connect'), target },
      });
  }
}

/** Why, since when, what continues meanwhile, and what can be done. */
function troubleTooltip(
  host: Host,
  { describeError, moment }: StatusBarModel,
  command: StatusBarText['command'],
): string {
  const { state } = host;
  const lines: string[] = [];
  if ('cause' in state) lines.push(escapeMarkdown(describeError(state.cause, host)));
  if (state.kind === 'key-changed') {
    lines.push(
      escapeMarkdown(
        t('{0} shows another key than the one you accepted. Nothing was sent to it.', host.name),
      ),
    );
  }
  if (state.kind === 'connecting') lines.push(escapeMarkdown(`${host.name}: ${stepWords(state.step)}`));
  if ('lostAt' in state) {
    lines.push(
      escapeMarkdown(t('Lost since {0}; attempt {1}.', timeWords(state.lostAt, moment), state.attempt + 1)),
    );
  }
  const running = host.agent.kernels.items.filter((kernel) => kernel.state !== 'dead').length;
  if (running > 0 && state.kind !== 'connecting') {
    lines.push(
      escapeMarkdown(
        running === 1
          ? t('Your kernel keeps running on {0}.', host.name)
          : t('Your {0} kernels keep running on {1}.', running, host.name),
      ),
    );
  }
  lines.push(
    [
      commandLink(command.title, command.id, command.target),
      ...(command.id === commandIds.showConnections
        ? []
        : [commandLink(t('Show Connections'), commandIds.showConnections)]),
      commandLink(t('Show Log'), commandIds.showLog),
    ].join(' · '),
  );
  return lines.join('\n\n');
}

function connectedText(only: Host, connected: readonly Host[], model: StatusBarModel): StatusBarText {
  const { notebook } = model;
  const inFront = connected.find((host) => host.id === notebook?.hostId);
  const command = { id: commandIds.showConnections, title: t('Show Connections') };
  const links = [commandIds.showConnections, commandIds.connect];
  const label = connected.length === 1 ? escapeCodicons(only.name) : t('{0} hosts', connected.length);
  const kernel = notebook === undefined || inFront === undefined ? undefined : notebookWords(notebook);
  const place = inFront !== undefined && connected.length > 1 ? `${escapeCodicons(inFront.name)}: ` : '';
  const tooltip = connected.map((host) => {
    const count = host.agent.kernels.items.length;
    return `**${escapeMarkdown(host.name)}** ${escapeMarkdown(connectedWords(host))}, ${countKernels(count)}`;
  });
  tooltip.push(
    [
      commandLink(t('Show Connections'), commandIds.showConnections),
      commandLink(t('Connect to Remote'), commandIds.connect),
    ].join(' · '),
  );
  return {
    text: `$(vm-active) ${label}${kernel === undefined ? '' : `  ${place}${escapeCodicons(kernel)}`}`,
    command,
    tooltip: tooltip.join('\n\n'),
    links,
    accessibilityLabel: [
      connected.map((host) => `${host.name} ${connectedWords(host)}`).join(', '),
      ...(kernel === undefined ? [] : [kernel.replace(' · ', ', ')]),
    ].join('. '),
  };
}

function connectedWords({ state }: Host): string {
  return state.kind === 'connected' && state.userName !== ''
    ? t('connected as {0}', state.userName)
    : t('connected');
}

/** `analysis · idle` */
function notebookWords({ environmentName, state }: NotebookKernelReference): string {
  const words = {
    starting: t('starting'),
    idle: t('idle'),
    busy: t('busy'),
    restarting: t('restarting'),
    dead: t('ended'),
    unreachable: t('not connected'),
    none: t('not started'),
  }[state];
  return `${environmentName} · ${words}`;
}

function idleText({ hosts }: StatusBarModel): StatusBarText | undefined {
  const isAnyKnown = hosts.some(
    (host) => host.sources.has('saved') || host.sources.has('discovered') || host.isAnnounced,
  );
  if (!isAnyKnown) return undefined;
  const found = hosts.filter((host) => host.isAnnounced).length;
  return {
    text: '$(vm-outline) Remote Kernels',
    command: { id: commandIds.connect, title: t('Connect to Remote') },
    tooltip: [
      found === 0 ? t('No host is connected.') : t('No host is connected; on your network: {0}.', found),
      commandLink(t('Connect to Remote'), commandIds.connect),
    ].join('\n\n'),
    links: [commandIds.connect],
    accessibilityLabel: t('Remote Kernels, no host is connected'),
  };
}

function commandLink(title: string, id: CommandId, target?: CommandTarget): string {
  const query = target === undefined ? '' : `?${encodeURIComponent(JSON.stringify([target]))}`;
  return `[${title}](command:${id}${query})`;
}

/** Whether the text counts down and has to be made again every second. */
export function countsDown(hosts: readonly Host[]): boolean {
  return hosts.some((host) => isLost(host.state));
}
