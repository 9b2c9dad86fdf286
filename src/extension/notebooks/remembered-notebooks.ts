import type { Memento } from 'vscode';
import * as v from 'valibot';
import { parserOf, type Parser } from '../../base/parse';
import type { RememberedRun } from './cell-runs';

const rememberedNotebookSchema = v.object({
  hostId: v.string(),
  environmentId: v.string(),
  environmentName: v.string(),
  kernelId: v.exactOptional(v.string()),
  /** The agent whose kernel it is: another person's on the same host has others. */
  agentId: v.exactOptional(v.string()),
  /** The session's path on the host, as it was when the kernel was started: a renamed notebook keeps it. */
  sessionPath: v.exactOptional(v.string()),
  /** The folder on the host that was chosen for this notebook; absent means the default. */
  remoteFolder: v.exactOptional(v.string()),
  /** Milliseconds since the epoch. */
  usedAt: v.number(),
});

/** Which environment and kernel a notebook uses. */
export type RememberedNotebook = Readonly<v.InferOutput<typeof rememberedNotebookSchema>>;

const parseNotebooks = parserOf('remembered notebooks', v.record(v.string(), rememberedNotebookSchema));

const rememberedRunsSchema = v.object({
  /** The id of our messages' session with the kernel: the same after a reload, so that replies still come to us. */
  sessionId: v.string(),
  kernelId: v.string(),
  runs: v.array(v.object({ cellId: v.string(), messageId: v.string(), startedAt: v.number() })),
});

/** What a window needs to go on with a notebook's kernel after a reload. */
export type RememberedRuns = Readonly<v.InferOutput<typeof rememberedRunsSchema>>;

const parseRuns = parserOf('remembered runs', v.record(v.string(), rememberedRunsSchema));

const notebooksKey = 'remoteKernels.notebooks';
const runsKey = 'remoteKernels.runs';

/** So many notebooks are remembered; the longest unused is forgotten. */
const maxNotebooks = 500;

/** What is remembered of notebooks by their document URI. What cannot be read counts as nothing. */
export class RememberedNotebooks {
  private readonly parsedNotebooks = new LastParsed(parseNotebooks);
  private readonly parsedRuns = new LastParsed(parseRuns);

  constructor(
    /** For all windows. */
    private readonly shared: Memento,
    /** Of this window's workspace. */
    private readonly own: Memento,
  ) {}

  /** What the notebook uses. */
  get(uri: string): RememberedNotebook | undefined {
    return this.all()[uri];
  }

  /** Remembers it, or forgets it when `notebook` is `undefined`. */
  async set(uri: string, notebook: RememberedNotebook | undefined): Promise<void> {
    const others = without(this.all(), uri);
    const all = notebook === undefined ? others : { ...others, [uri]: notebook };
    await this.shared.update(notebooksKey, keepRecent(all));
  }

  /** The documents that are remembered. */
  uris(): string[] {
    return [...new Set([...Object.keys(this.all()), ...Object.keys(this.allRuns())])];
  }

  /** Whether another notebook than this one uses the session. */
  isSessionTaken(sessionPath: string, exceptUri: string): boolean {
    return Object.entries(this.all()).some(
      ([uri, notebook]) => uri !== exceptUri && notebook.sessionPath === sessionPath,
    );
  }

  /** What this window was running in it. */
  runsOf(uri: string): RememberedRuns | undefined {
    return this.allRuns()[uri];
  }

  /** Remembers what runs, or forgets it. */
  async setRuns(uri: string, runs: RememberedRuns | undefined): Promise<void> {
    const others = without(this.allRuns(), uri);
    await this.own.update(runsKey, runs === undefined ? others : { ...others, [uri]: runs });
  }

  /** Follows a notebook to its new place. */
  async rename(fromUri: string, toUri: string): Promise<void> {
    await this.copy(fromUri, toUri);
    await this.forget(fromUri);
  }

  /** The first half of a rename that may not come to pass: what is remembered of one is remembered of the other too. */
  async copy(fromUri: string, toUri: string): Promise<void> {
    const notebook = this.get(fromUri);
    const runs = this.runsOf(fromUri);
    if (notebook !== undefined) await this.set(toUri, notebook);
    if (runs !== undefined) await this.setRuns(toUri, runs);
  }

  /** Nothing is remembered of it any more. */
  async forget(uri: string): Promise<void> {
    if (this.get(uri) !== undefined) await this.set(uri, undefined);
    if (this.runsOf(uri) !== undefined) await this.setRuns(uri, undefined);
  }

  private all(): Readonly<Record<string, RememberedNotebook>> {
    return this.parsedNotebooks.of(this.shared.get(notebooksKey)) ?? {};
  }

  private allRuns(): Readonly<Record<string, RememberedRuns>> {
    return this.parsedRuns.of(this.own.get(runsKey)) ?? {};
  }
}

/** Parses what is stored once, as long as the memento gives the same object: it is asked for at every change of what is shown. */
class LastParsed<T> {
  private last: { readonly stored: unknown; readonly value: T | undefined } | undefined;

  constructor(private readonly parse: Parser<T>) {}

  /** `undefined` for what cannot be read. */
  of(stored: unknown): T | undefined {
    if (this.last === undefined || this.last.stored !== stored) {
      const result = this.parse(stored);
      this.last = { stored, value: result.ok ? result.value : undefined };
    }
    return this.last.value;
  }
}

function without<T>(entries: Readonly<Record<string, T>>, uri: string): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => key !== uri));
}

/** The notebooks used last. */
export function keepRecent(
  notebooks: Readonly<Record<string, RememberedNotebook>>,
): Record<string, RememberedNotebook> {
  const entries = Object.entries(notebooks);
  if (entries.length <= maxNotebooks) return { ...notebooks };
  return Object.fromEntries(
    entries.sort(([, one], [, other]) => other.usedAt - one.usedAt).slice(0, maxNotebooks),
  );
}

/** `{}` of runs, for a kernel that nothing of ours runs on. */
export function noRuns(sessionId: string, kernelId: string): RememberedRuns {
  return { sessionId, kernelId, runs: [] };
}

/** The same with other runs. */
export function withRuns(remembered: RememberedRuns, runs: readonly RememberedRun[]): RememberedRuns {
  return { ...remembered, runs: [...runs] };
}

/** The same without the kernel it used. */
export function withoutKernel(notebook: RememberedNotebook): RememberedNotebook {
  const { hostId, environmentId, environmentName, sessionPath, remoteFolder, usedAt } = notebook;
  return {
    hostId,
    environmentId,
    environmentName,
    ...(sessionPath === undefined ? {} : { sessionPath }),
    ...(remoteFolder === undefined ? {} : { remoteFolder }),
    usedAt,
  };
}

/** Whether both say that code runs in the same environment, and in the same kernel if a kernel was chosen. */
export function isSameChoice(one: RememberedNotebook, other: RememberedNotebook): boolean {
  return (
    one.hostId === other.hostId &&
    one.environmentId === other.environmentId &&
    one.kernelId === other.kernelId
  );
}
