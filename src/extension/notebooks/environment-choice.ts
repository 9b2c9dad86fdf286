import { t } from '@vscode/l10n';
import type { EnvironmentReference } from '../editor/notebook-kernels';
import type { Pickers } from '../editor/pickers';
import type { Host } from '../hosts/host';
import type { NotebookContext } from './notebook-context';
import { rememberEnvironment, type RememberedEnvironment } from './remembered-environments';

/** Asks for one of a host's environments, connecting it first if need be. `undefined` when the person chose none. */
export async function chooseEnvironment(
  context: NotebookContext,
  pickers: Pick<Pickers, 'pickEnvironment'>,
  hostId: string,
): Promise<EnvironmentReference | undefined> {
  const host = await context.starter.connected(hostId);
  return await pickers.pickEnvironment({ title: t('Run this notebook on {0}', host.name), hostId });
}

/**
 * Remembers the environment as used now, with what the host's list says of it. What was remembered before stays when the list does not have
 * it; `undefined` when nothing is known of it.
 */
export async function rememberUse(
  context: NotebookContext,
  host: Host,
  reference: EnvironmentReference,
): Promise<RememberedEnvironment | undefined> {
  const before = context.environments.get(reference);
  const listed = host.agent.environments.get(reference.environmentId);
  const known = listed === undefined ? before : rememberEnvironment(host, listed, before);
  if (known === undefined) return undefined;
  const used = { ...known, lastUsedAt: context.clock.now() };
  await context.environments.set(used);
  return used;
}
