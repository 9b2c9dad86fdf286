import { t } from '@vscode/l10n';
import { askModally } from '../../editor/notification';
import { removeHostSetting } from '../../editor/settings';
import type { Host } from '../../hosts/host';
import { chooseHost } from '../choose';
import type { CommandDependencies } from '../dependencies';
import type { CommandHandler } from '../handler';

/** *Forget Host*: the saved entry, the accepted key, the sign-in and remembered secrets. Kernels on the host go on. */
export const forgetHost: CommandHandler = async (dependencies, { target }) => {
  const host = await chooseHost(dependencies, target, {
    title: t('Forget Host'),
    filter: 'saved',
    none: t('No host is saved.'),
  });
  if (host === undefined) return;
  const isSure = await askModally({
    message: t('Forget {0}?', host.name),
    detail: t(
      'Its accepted key, your sign-in and remembered passwords are removed from this computer. Kernels on {0} go on.',
      host.name,
    ),
    accept: t('Forget'),
  });
  if (isSure) await forget(dependencies, host);
};

/** Forgets the host, also where the person's own settings list it. */
export async function forget(
  { hosts, readTyped }: Pick<CommandDependencies, 'hosts' | 'readTyped'>,
  host: Host,
): Promise<void> {
  const { endpoints } = host;
  await hosts.forget(host.id);
  await removeHostSetting((typed) => {
    const reading = readTyped(typed);
    return endpoints.some(
      (endpoint) =>
        (endpoint.kind === 'tls' &&
          reading.kind === 'tls' &&
          endpoint.hostname === reading.hostname &&
          endpoint.port === reading.port) ||
        (endpoint.kind === 'ssh' && reading.kind === 'ssh' && endpoint.destination === reading.destination),
    );
  });
}
