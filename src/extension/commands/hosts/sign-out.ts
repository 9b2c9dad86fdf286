import { t } from '@vscode/l10n';
import { askModally, showNotification } from '../../editor/notification';
import { chooseHost } from '../choose';
import type { CommandHandler } from '../handler';
import { endSignIn } from './end-sign-in';

/** *Sign Out*: ends this computer's sign-in on the host. Kernels go on. */
export const signOut: CommandHandler = async (dependencies, { target }) => {
  const host = await chooseHost(dependencies, target, {
    title: t('Sign Out'),
    filter: 'signed-in',
    none: t('You are signed in nowhere.'),
  });
  if (host !== undefined) await endSignIn({ ...dependencies, notify: showNotification }, host, false);
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
  if (isSure) await endSignIn({ ...dependencies, notify: showNotification }, host, true);
};
