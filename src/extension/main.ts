import { homedir } from 'node:os';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore } from '../base/disposable';
import { connectionSentence } from './commands/connection-problems';
import { createHostConnector } from './commands/connecting/connect-host';
import { warnOfCertificates } from './commands/connecting/warn-of-certificates';
import { followSettings } from './commands/follow-settings';
import { registerCommands } from './commands/register-commands';
import { createProblemReport } from './commands/report-problem';
import { createSwitchedProvider } from './commands/switched-provider';
import { readCertificates } from './editor/certificate-authorities';
import { createEditorServices } from './editor/editor-services';
import { onDidChangeSettings, readSettings } from './editor/settings';
import { createMdnsProvider } from './hosts/providers/mdns';
import { createSshConfigurationProvider } from './hosts/providers/ssh-configuration';
import { createHosts } from './hosts/registry';
import { parseTypedHost as readTyped } from './hosts/typed-host';
import { createNotebookKernels } from './notebooks/create-notebook-kernels';
import { createLocalTransport } from './transports/local/local-transport';
import { createSshTransport } from './transports/ssh/ssh-transport';
import { createTlsTransport } from './transports/tls/tls-transport';
import { createViews } from './views/create-views';
import { createPickers } from './views/pickers/pickers';
import { certificateWords, stepWords } from './views/words';

/** What was made last ends first: commands before the views they show things in, these before the hosts, and the log after everything. */
const owned = new DisposableStore();

let settled: (() => Promise<void>) | undefined;

/** Puts the extension together. Views and notebook controllers are made of what is saved; no answer of any network is waited for. */
export function activate(context: vscode.ExtensionContext): void {
  if (vscode.l10n.bundle !== undefined) l10n.config({ contents: vscode.l10n.bundle });
  const { globalState, workspaceState } = context;
  const locale = vscode.env.language;
  const editor = owned.add(createEditorServices(context));
  const { client, log, readOnlyText, telemetry } = editor;
  const { clientId, windowId } = client;
  const { logger } = log;
  settled = () => editor.settled();

  const daemonPath = context.asAbsolutePath('dist/daemon.js');
  const runtime = { daemonPath, node: process.execPath, environment: process.env };
  const certificateAuthorities = () => readCertificates(readSettings().certificateAuthorities, logger);
  const discovery = { isOn: () => readSettings().isDiscoveryEnabled, onDidChange: onDidChangeSettings };
  const hosts = owned.add(
    createHosts({
      storage: editor.storage,
      secrets: editor.secrets,
      transports: [
        createLocalTransport({ ...runtime, client, logger }),
        createTlsTransport({ client, certificateAuthorities }),
        createSshTransport(),
      ],
      providers: [
        createSwitchedProvider(
          () =>
            createMdnsProvider({
              logger: logger.child('discovery'),
              loopbackOnly: readSettings().isDiscoveryOnThisMachineOnly,
            }),
          discovery,
        ),
        createSshConfigurationProvider({ homeFolder: homedir(), logger }),
      ],
      client,
      logger,
      reconnectsAutomatically: () => readSettings().reconnectsAutomatically,
      connectsAtStart: readSettings().connectsOnStartup,
    }),
  );
  owned.add(vscode.window.onDidChangeWindowState((state) => state.focused && hosts.wake()));

  const problems = createProblemReport(readOnlyText, logger);
  const described = { hosts, locale, logger, describeStep: stepWords };
  const connector = createHostConnector({ ...described, problems, telemetry });
  const settings = { readSettings, onDidChangeSettings, readTyped };
  const pickers = createPickers({ ...described, ...settings });
  const notebookKernels = owned.add(
    createNotebookKernels({
      ...{ hosts, pickers, globalState, workspaceState, clientId, windowId },
      extensionId: context.extension.id,
      logger: logger.child('notebooks'),
      connectHost: (hostId) => connector.connect(hostId),
      defaultRemoteFolder: () => readSettings().remoteFolder,
    }),
  );

  const hostsView = owned.add(
    createViews({
      ...{ ...described, ...settings, notebookKernels },
      describeError: (error, host) => connectionSentence(error, host.name),
    }),
  );
  owned.add(
    warnOfCertificates({
      ...{ hosts, problems, now: Date.now },
      describe: (concern, name) => certificateWords(concern, name, { now: Date.now(), locale }),
    }),
  );
  owned.add(followSettings({ ...described, ...settings }));
  owned.add(
    registerCommands({
      ...{
        ...described,
        ...settings,
        pickers,
        hostsView,
        notebookKernels,
        connector,
        problems,
        readOnlyText,
      },
      ...{ telemetry, clientId, showLog: () => log.show() },
    }),
  );
  logger.info(`ready in window ${windowId}`);
}

/** Ends everything that was made. Kernels, and the agents that keep them, go on. */
export async function deactivate(): Promise<void> {
  owned.dispose();
  await settled?.();
}
