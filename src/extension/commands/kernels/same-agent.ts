import { t } from '@vscode/l10n';
import { toSingleLine } from '../../../base/text';
import type { Host } from '../../hosts/host';
import { CommandProblem } from '../problem';

/**
 * Throws what to tell a person when a host no longer leads to the agent at which a kernel was chosen, because somebody else has signed in there
 * while they were asked. A host without an agent of ours has nothing to compare.
 */
export function requireSameAgent(
  { name, agent }: Pick<Host, 'name' | 'agent'>,
  agentId: string | undefined,
): void {
  const signedIn = agent.hello?.agentId;
  if (agentId === undefined || signedIn === undefined || agentId === signedIn) return;
  throw new CommandProblem({
    severity: 'warning',
    message: t(
      'This kernel on {0} belongs to another person than the one who is signed in there. It goes on.',
      toSingleLine(name, 80),
    ),
    remedies: [],
  });
}
