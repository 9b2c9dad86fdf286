import type { ExtensionContext } from 'vscode';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { delay } from '../../base/time';
import type { Client } from '../../protocol/agent';
import { parseSavedHosts, savedHostsKey } from './host-storage';
import { readClient } from './installation';
import { createLogChannel, type LogChannel } from './log-channel';
import { createReadOnlyText, type ReadOnlyText } from './read-only-text';
import { createSecretStore, type EditorSecrets } from './secret-store';
import { createStoredValue, type StoredValue } from './stored-value';
import { createTelemetry, telemetryKey, type Telemetry } from './telemetry';

/** Hosts as they are kept: what {@link parseSavedHosts} gives. */
type SavedHosts = Readonly<Extract<ReturnType<typeof parseSavedHosts>, { readonly ok: true }>['value']>;

/** What the editor gives to everything else. */
export interface EditorServices extends Disposable {
  readonly log: LogChannel;
  /** Who this installation and this window are to hosts. */
  readonly client: Client;
  readonly storage: StoredValue<SavedHosts>;
  readonly secrets: EditorSecrets;
  readonly readOnlyText: ReadOnlyText;
  readonly telemetry: Telemetry;
  /** Resolves once what is remembered is written, or after two seconds: a window that closes does not wait longer. */
  settled(): Promise<void>;
}

const closeTimeoutMs = 2000;

/** Takes from the editor what the extension needs. Disposed last: the log is there until everything else has ended. */
export function createEditorServices(context: ExtensionContext): EditorServices {
  const owned = new DisposableStore();
  const log = owned.add(createLogChannel());
  const { logger } = log;
  const saved = { key: savedHostsKey, parse: parseSavedHosts, fallback: [] };
  const storage = owned.add(
    createStoredValue<SavedHosts>({ ...saved, memento: context.globalState, logger }),
  );
  return {
    log,
    client: readClient(context.globalState),
    storage,
    secrets: createSecretStore(context.secrets),
    readOnlyText: owned.add(createReadOnlyText()),
    telemetry: owned.add(createTelemetry(telemetryKey, logger)),
    settled: () => Promise.race([storage.settled(), delay(closeTimeoutMs)]),
    dispose: () => owned.dispose(),
  };
}
