import { homedir } from 'node:os';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore } from '../base/disposable';
import { delay } from '../base/time';
import { createHostConnector } from './commands/connecting/connect-host';
import { followSettings } from './commands/follow-settings';
import { connectionSentence } from './commands/problems';
import { registerCommands } from './commands/register-commands';
import { createProblemReport } from './commands/report-problem';
import { readCertificates } from './editor/certificate-authorities';
import { parseSavedHosts, savedHostsKey } from './editor/host-storage';
import { readClient } from './editor/installation';
import { createLogChannel } from './editor/log-channel';
import { createReadOnlyText } from './editor/read-only-text';
import { createSecretStore } from './editor/secret-store';
import { onDidChangeSettings, readSettings } from './editor/settings';
import { createStoredValue } from './editor/stored-value';
import { createTelemetry, telemetryKey } from './editor/telemetry';
import type { SavedHost } from './hosts/host';
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
import { stepWords } from './views/words';

/** What was made last ends first: commands before the views they show things in, these before the hosts, and the log after everything. */
const owned = new DisposableStore();

/** Resolves once what is remembered is written. */
let settled: () => Promise<void> = () => Promise.resolve();

/** Writing may take this long when a window closes. */
const closeTimeoutMs = 2000;

/** Puts the extension together. Nothing is asked of a network before the notebook controllers exist. */
export function activate(context: vscode.ExtensionContext): void {
  if (vscode.l10n.bundle !== undefined) l10n.config({ contents: vscode.l10n.bundle });
  const { globalState, workspaceState } = context;
  const locale = vscode.env.language;
  const log = owned.add(createLogChannel());
  const { logger } = log;
  const client = readClient(globalState);
  const { clientId, windowId } = client;
  const saved = { key: savedHostsKey, parse: parseSavedHosts, fallback: [] };
  const storage = owned.add(
    createStoredValue<readonly SavedHost[]>({ ...saved, memento: globalState, logger }),
  );
  settled = () => storage.settled();

  const daemonPath = context.asAbsolutePath('dist/daemon.js');
  const runtime = { daemonPath, node: process.execPath, environment: process.env };
  const certificateAuthorities = () => readCertificates(readSettings().certificateAuthorities, logger);
  const hosts = owned.add(
    createHosts({
      storage,
      secrets: createSecretStore(context.secrets),
      transports: [
        createLocalTransport({ ...runtime, client, logger }),
        createTlsTransport({ client, certificateAuthorities }),
        createSshTransport(),
      ],
      providers: [
        createMdnsProvider({ logger: logger.child('discovery') }),
        createSshConfigurationProvider({ homeFolder: homedir(), logger }),
      ],
      client,
      logger,
      reconnectsAutomatically: () => readSettings().reconnectsAutomatically,
      connectsAtStart: readSettings().connectsOnStartup,
    }),
  );
  owned.add(vscode.window.onDidChangeWindowState((state) => state.focused && hosts.wake()));

  const readOnlyText = owned.add(createReadOnlyText());
  const problems = createProblemReport(readOnlyText, logger);
  const telemetry = owned.add(createTelemetry(telemetryKey, logger));
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
  await Promise.race([settled(), delay(closeTimeoutMs)]);
}
