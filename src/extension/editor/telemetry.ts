import type { TelemetryReporter } from '@vscode/extension-telemetry';
import type { Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';

/**
 * Everything that is ever sent. No names, addresses, paths, code or texts: kinds, codes of ours, durations and counts. Documented in the
 * README; a change here is a change there.
 */
export interface TelemetryEvents {
  /** An attempt to connect that a person asked for came to its end. */
  readonly connect: {
    readonly transport: 'local' | 'tls' | 'ssh' | 'jupyterhub';
    /** `connected`, `cancelled`, or the code of the error. */
    readonly outcome: string;
    readonly durationMs: number;
  };
  /** A kernel was started by a command, or could not be. */
  readonly 'start-kernel': {
    readonly environmentKind: string;
    /** `started`, or the code of the error. */
    readonly outcome: string;
    readonly durationMs: number;
  };
}

/** Where telemetry would go. The project ships none, so nothing is sent; who distributes the extension may put theirs here. */
export const telemetryKey: string | undefined = undefined;

/** Sends events of {@link TelemetryEvents}, or nothing. Never throws. */
export interface Telemetry extends Disposable {
  send<K extends keyof TelemetryEvents>(name: K, event: TelemetryEvents[K]): void;
}

/**
 * Makes the telemetry of the extension. Without a key, which is how the project ships it, nothing is loaded and nothing is sent; with one the
 * reporter obeys the editor's own telemetry setting at every event.
 */
export function createTelemetry(connectionString: string | undefined, logger: Logger): Telemetry {
  if (connectionString === undefined || connectionString === '') return silentTelemetry;
  let reporter: Promise<TelemetryReporter> | undefined;
  const load = async () => {
    const package_ = await import(/* webpackMode: "eager" */ '@vscode/extension-telemetry');
    return new package_.TelemetryReporter(connectionString);
  };
  return {
    send(name, event) {
      reporter ??= load();
      reporter.then(
        (loaded) => loaded.sendTelemetryEvent(name, ...splitEvent(event)),
        (error: unknown) => logger.error('telemetry could not be loaded', error),
      );
    },
    dispose() {
      reporter?.then(
        (loaded) => loaded.dispose(),
        (error: unknown) => logger.error('telemetry could not be closed', error),
      );
    },
  };
}

/** Texts and numbers travel apart. */
export function splitEvent(
  event: TelemetryEvents[keyof TelemetryEvents],
): [Record<string, string>, Record<string, number>] {
  const texts: Record<string, string> = {};
  const numbers: Record<string, number> = {};
  for (const [key, value] of Object.entries<string | number>(event)) {
    if (typeof value === 'number') numbers[key] = value;
    else texts[key] = value;
  }
  return [texts, numbers];
}

const silentTelemetry: Telemetry = { send: () => undefined, dispose: () => undefined };
