import { t } from '@vscode/l10n';
import { withDeadline } from '../../../base/time';
import { askModally } from '../../editor/notification';
import { chooseHost } from '../choose';
import type { CommandHandler } from '../handler';

/** The host is told, but a host that does not answer does not keep anybody signed in here. */
const signOutTimeoutMs = 10_000;

/** *Sign Out*: ends this computer's sign-in on the host. Kernels go on. */
export const signOut: CommandHandler = async (dependencies, { target }) => {
  const host = await chooseHost(dependencies, target, {
    title: t('Sign Out'),
    filter: 'signed-in',
    none: t('You are signed in nowhere.'),
  });
  if (host === undefined) return;
  await dependencies.hosts.signOut(host.id, {
    isEverywhere: false,
    signal: withDeadline(signOutTimeoutMs, t('signing out of {0}', host.name)),
  });
};

/** *Sign Out Everywhere*: ends all sign-ins of this person on the host, also those of other computers. */
export const signOutEverywhere: CommandHandler = async (dependencies, { target }) => {
  const host = await chooseHost(dependencies, target, {
    title: t('Sign Out Everywhere'),
    filter: 'signed-in',
    none: t('You are signed in nowhere.'),
  });
  if (host === undefined) return;
  const isSure = await askModally({
    message: t('Sign out of {0} everywhere?', host.name),
    detail: t('Your sign-ins on {0} from all computers are removed. Kernels go on.', host.name),
    accept: t('Sign Out Everywhere'),
  });
  if (!isSure) return;
  await dependencies.hosts.signOut(host.id, {
    isEverywhere: true,
    signal: withDeadline(signOutTimeoutMs, t('signing out of {0}', host.name)),
  });
};
