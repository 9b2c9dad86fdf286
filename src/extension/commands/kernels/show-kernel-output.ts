import { t } from '@vscode/l10n';
import { toSingleLine } from '../../../base/text';
import { withDeadline } from '../../../base/time';
import { chooseKernel } from '../choose';
import type { CommandHandler } from '../handler';

const readTimeoutMs = 15_000;

/** *Show Output*: what the kernel printed outside its cells, such as while it started. */
export const showKernelOutput: CommandHandler = async (dependencies, { target }) => {
  const chosen = await chooseKernel(dependencies, target, t('Show Output'));
  if (chosen === undefined) return;
  const { host, kernel } = chosen;
  const text = await host.agent.readKernelOutput(
    kernel.id,
    withDeadline(readTimeoutMs, t('the output of a kernel on {0}', host.name)),
  );
  const name = toSingleLine(kernel.session?.name ?? kernel.environmentName, 60);
  await dependencies.readOnlyText.show(
    `${name} ${host.name}`,
    text === '' ? t('This kernel has printed nothing outside its cells.') : text,
  );
};
