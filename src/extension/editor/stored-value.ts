import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable';
import { Emitter, type Event } from '../../base/event';
import type { Logger } from '../../base/logger';
import type { Parser } from '../../base/parse';
import { Sequence } from '../../base/sequence';

/** One value that survives the editor on this computer, shared by its windows. */
export interface StoredValue<T> extends Disposable {
  read(): T;
  /** Writes are made in the order of calls; rejects when the editor could not write. */
  write(value: T): Promise<void>;
  /** Fires when another window wrote it. */
  readonly onDidChange: Event<void>;
  /** Resolves once everything that was asked to be written is written. */
  settled(): Promise<void>;
}

/** What a {@link StoredValue} is made with. */
export interface StoredValueOptions<T> {
  readonly memento: vscode.Memento;
  readonly key: string;
  readonly parse: Parser<T>;
  readonly fallback: T;
  readonly logger: Logger;
}

/**
 * Keeps a value in a memento. The editor tells nobody of another window's write, but a person can only be in one window: so the value is
 * looked at anew whenever this one gets the focus. What cannot be read (written by another version) counts as nothing, and is said in the log.
 */
export function createStoredValue<T>(options: StoredValueOptions<T>): StoredValue<T> {
  const { memento, key, parse, fallback, logger } = options;
  const changes = new Emitter<void>();
  const writes = new Sequence();
  let known = memento.get<unknown>(key);
  const focus = vscode.window.onDidChangeWindowState((state) => {
    if (!state.focused) return;
    const current = memento.get<unknown>(key);
    if (isDeepStrictEqual(current, known)) return;
    known = current;
    changes.fire();
  });
  return {
    read() {
      const stored = memento.get<unknown>(key);
      if (stored === undefined) return fallback;
      const value = parse(stored);
      if (value.ok) return value.value;
      logger.warn(`${key} cannot be read and counts as empty: ${value.error.message}`);
      return fallback;
    },
    write: (value) =>
      writes.run(async () => {
        known = value;
        await memento.update(key, value);
      }),
    onDidChange: changes.event,
    settled: () => writes.run(() => Promise.resolve()),
    dispose() {
      focus.dispose();
      changes.dispose();
    },
  };
}
