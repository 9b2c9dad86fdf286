import { t } from '@vscode/l10n';
import { toSingleLine } from '../../base/text';
import type { CommandTarget } from '../editor/command-target';
import { commandIds, type CommandId } from './ids';

/**
 * A sentence about something that went wrong, with what is offered. What happened and where comes first, then what to do; codes stay in the log.
 */
export interface Problem {
  readonly severity: 'warning' | 'error';
  readonly message: string;
  readonly remedies: readonly Remedy[];
}

/** A button below a {@link Problem}. */
export type Remedy =
  | {
      readonly kind: 'command';
      readonly title: string;
      readonly command: CommandId;
      readonly target?: CommandTarget;
    }
  | { readonly kind: 'editor-command'; readonly title: string; readonly command: string }
  | { readonly kind: 'copy'; readonly title: string; readonly text: string }
  | { readonly kind: 'show-text'; readonly title: string; readonly name: string; readonly text: string };

/** What a problem is about, as far as it is known. */
export interface ProblemPlace {
  readonly host?: { readonly id: string; readonly name: string };
  readonly environmentName?: string;
  readonly environmentId?: string;
}

/** A command that cannot do what was asked, for a reason that is no error of anything. Thrown by commands, shown by who registered them. */
export class CommandProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
    this.name = 'CommandProblem';
  }
}

/** What the host is called in a sentence. */
export function hostName({ host }: ProblemPlace): string {
  return host === undefined ? t('the host') : toSingleLine(host.name, 80);
}

/** A problem that is an error. */
export function errorOf(message: string, remedies: readonly Remedy[]): Problem {
  return { severity: 'error', message, remedies };
}

/** The offer of one of our commands, about that place. */
export function command(title: string, id: CommandId, place: ProblemPlace): Remedy {
  const target: CommandTarget = {
    ...(place.host === undefined ? {} : { hostId: place.host.id }),
    ...(place.environmentId === undefined ? {} : { environmentId: place.environmentId }),
  };
  return { kind: 'command', title, command: id, target };
}

/** The place without the environment. */
export function hostOnly({ host }: ProblemPlace): ProblemPlace {
  return host === undefined ? {} : { host };
}

/** The offer to connect the host again. */
export function reconnect(place: ProblemPlace): Remedy {
  return command(t('Reconnect'), commandIds.reconnect, hostOnly(place));
}

/** The offer to show the log. */
export function showLog(): Remedy {
  return command(t('Show Log'), commandIds.showLog, {});
}

/** The offer to say how a daemon is installed. */
export function installGuide(): Remedy {
  return { kind: 'editor-command', title: t('How to Install'), command: installGuideCommand };
}

/** A command of ours that is not listed: the walkthrough says how the daemon comes onto a host. */
export const installGuideCommand = 'workbench.action.openWalkthrough';
