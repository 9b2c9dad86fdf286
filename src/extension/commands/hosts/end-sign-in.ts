import { t } from '@vscode/l10n';
import { withDeadline } from '../../../base/time';
import type { Notification } from '../../editor/notification';
import type { Host, Hosts } from '../../hosts/host';
import type { HostConnector } from '../connecting/connect-host';

/** The host is told, but a host that does not answer does not keep anybody signed in here. */
const signOutTimeoutMs = 10_000;

/** What ending a sign-in uses. */
export interface EndSignInOptions {
  readonly hosts: Pick<Hosts, 'signOut'>;
  readonly connector: HostConnector;
  /** Resolves when the person has answered or dismissed it. */
  readonly notify: (notification: Notification) => Promise<void>;
}

/**
 * Ends this computer's sign-in on the host, or all of this person's, and says so when the host did not hear of it: then what was to end goes on
 * over there. Never rejects.
 */
export async function endSignIn(
  options: EndSignInOptions,
  host: Pick<Host, 'id' | 'name'>,
  isEverywhere: boolean,
): Promise<void> {
  const { hosts, connector, notify } = options;
  const { isHostTold } = await hosts.signOut(host.id, {
    isEverywhere,
    signal: withDeadline(signOutTimeoutMs, t('signing out of {0}', host.name)),
  });
  if (isHostTold) return;
  // The sign-in of this computer is forgotten by now, so that the host hears the person only after they signed in once more.
  const signInAndEndAll = async () => {
    if (await connector.connect(host.id)) await endSignIn(options, host, true);
  };
  await notify(
    isEverywhere
      ? {
          severity: 'warning',
          message: t(
            'This computer is signed out of {0}, but the host could not be told: your sign-ins from other computers may go on. Retry once it answers; it may ask you to sign in first.',
            host.name,
          ),
          actions: [{ title: t('Retry'), run: signInAndEndAll }],
        }
      : {
          severity: 'information',
          message: t(
            'This computer is signed out of {0}, but the host could not be told. To end all your sign-ins there, sign out everywhere once it answers.',
            host.name,
          ),
          actions: [{ title: t('Sign Out Everywhere'), run: signInAndEndAll }],
        },
  );
}
