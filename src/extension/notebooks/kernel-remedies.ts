import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { toError } from '../../base/errors';
import { withDeadline } from '../../base/time';
import { commandIds } from '../commands/ids';
import type { NotificationAction } from '../editor/notification';
import type { Host } from '../hosts/host';
import type { KernelRemedy } from './start-problems';
import { reasonWords } from './verb-problems';

/** What remedies are carried out with. The functions show their own errors and never reject. */
export interface RemedyTools {
  readonly host: Host | undefined;
  readonly chooseAnother: () => Promise<void>;
  readonly restart: () => Promise<void>;
  readonly retry: () => Promise<void>;
}

/** The buttons for what can be offered, in the same order. */
export function toActions(remedies: readonly KernelRemedy[], tools: RemedyTools): NotificationAction[] {
  return remedies.map((remedy) => toAction(remedy, tools));
}

function toAction(remedy: KernelRemedy, tools: RemedyTools): NotificationAction {
  switch (remedy.kind) {
    case 'copy-command':
      return {
        title: t('Copy Command'),
        run: async () => await vscode.env.clipboard.writeText(remedy.command),
      };
    case 'choose-another':
      return { title: t('Choose Another'), run: tools.chooseAnother };
    case 'show-output':
      return { title: t('Show Output'), run: () => showOutput(remedy, tools.host) };
    case 'show-kernels':
      return { title: t('Show My Kernels'), run: () => execute('remoteKernels.hosts.focus') };
    case 'choose-folder':
      return { title: t('Choose Remote Folder…'), run: () => execute(commandIds.chooseRemoteFolder) };
    case 'restart':
      return { title: t('Restart'), run: tools.restart };
    case 'keep-waiting':
      return { title: t('Keep Waiting'), run: () => Promise.resolve() };
    case 'retry':
      return { title: t('Retry'), run: tools.retry };
    case 'show-log':
      return { title: t('Show Log'), run: () => execute(commandIds.showLog) };
  }
}

/** What a kernel printed outside its cells, as a read-only text beside the notebook. */
async function showOutput(
  { output, kernelId }: Extract<KernelRemedy, { kind: 'show-output' }>,
  host: Host | undefined,
): Promise<void> {
  const whole = kernelId === undefined || host === undefined ? undefined : await readWhole(host, kernelId);
  const document = await vscode.workspace.openTextDocument({
    language: 'log',
    content: (whole ?? output) || `${t('The kernel printed nothing outside its cells.')}\n`,
  });
  await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Beside });
}

/** `undefined` when the host no longer has it: then the end that we were told has to do. */
async function readWhole(host: Host, kernelId: string): Promise<string | undefined> {
  try {
    return await host.agent.readKernelOutput(kernelId, withDeadline(10_000, 'reading the kernel’s output'));
  } catch (error) {
    return toError(error).name === 'WireError' ? undefined : `(${reasonWords(error, host.name)})\n`;
  }
}

async function execute(command: string, ...parameters: readonly unknown[]): Promise<void> {
  await vscode.commands.executeCommand(command, ...parameters);
}
