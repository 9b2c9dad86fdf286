import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { parseJson, parserOf } from '../../base/parse';
import { Sequence } from '../../base/sequence';
import { KeyedSequence } from './keyed-sequence';
import { WireError } from '../../protocol/errors';
import { notebookSessionType } from '../../protocol/identity';
import type { SessionModel } from '../../protocol/jupyter';
import type { KeeperSession } from '../../protocol/keeper';
import { readFileIfPresent, writePrivateFile } from '../platform/private-files';
import type { Kernel } from './kernels/kernel';
import type { KernelRegistry } from './kernels/registry';

/** A session and its kernel. */
export interface FoundSession {
  readonly session: KeeperSession;
  readonly kernel: Kernel;
}

const guestsSchema = v.record(
  v.string(),
  v.object({ id: v.string(), path: v.string(), name: v.string(), type: v.string(), kernelId: v.string() }),
);

const parseGuests = parserOf('sessions', guestsSchema);

type Guest = v.InferOutput<typeof guestsSchema>[string];

/**
 * The sessions of this user: which document uses which kernel. A kernel's own session is kept by its keeper, so that it lives as long as the kernel.
 * Further documents on the same kernel (a console beside a notebook) are guests; they are kept in a file here.
 */
export class SessionStore {
  private guests = new Map<string, Guest>();
  private readonly writes = new Sequence();
  private readonly paths = new KeyedSequence();

  constructor(
    private readonly kernels: KernelRegistry,
    private readonly stateFolder: string,
    private readonly logger: Logger,
  ) {}

  /** Reads the guests; those of kernels that are gone are forgotten. Called after the kernels were found. */
  async load(): Promise<void> {
    try {
      const text = await readFileIfPresent(this.path);
      const stored = text === undefined ? undefined : parseJson(text, parseGuests);
      if (stored?.ok === true) {
        const living = Object.entries(stored.value).filter(
          ([, { kernelId }]) => this.kernels.find(kernelId) !== undefined,
        );
        this.guests = new Map(living);
        if (living.length < Object.keys(stored.value).length) await this.write();
      }
    } catch (error) {
      this.logger.error(`${this.path} cannot be read`, error);
    }
    this.kernels.onDidChange((event) => {
      if (event.event === 'removed') this.dropGuestsOf(event.id);
    });
  }

  /** All sessions, in the order of their kernels. */
  list(): FoundSession[] {
    return this.kernels.list().flatMap((kernel) => {
      const own = kernel.state.session;
      const guests = [...this.guests.values()].filter((guest) => guest.kernelId === kernel.id);
      return [...(own === undefined ? [] : [own]), ...guests].map((session) => ({ session, kernel }));
    });
  }

  /** The session with that id. Throws {@link WireError} `session-not-found`. */
  get(id: string): FoundSession {
    const found = this.list().find(({ session }) => session.id === id);
    if (found === undefined)
      throw new WireError('session-not-found', `Session not found: session_id='${id}'`);
    return found;
  }

  /** The session of a document, if its kernel lives. */
  findLiving(path: string): FoundSession | undefined {
    return this.list().find(({ session, kernel }) => session.path === path && kernel.state.state !== 'dead');
  }

  /** Runs a task alone among those for the same document, so that two clients that open it at once get one kernel. */
  alone<T>(path: string, task: () => Promise<T>): Promise<T> {
    return this.paths.run(path, task);
  }

  /** Ends dead kernels that still carry the path, so that one document has one session. */
  async clearDead(path: string): Promise<void> {
    for (const { session, kernel } of this.list()) {
      if (session.path === path && kernel.state.state === 'dead') await this.kernels.shutdown(kernel.id);
    }
  }

  /** Gives a running kernel to a document: as its own session when it has none, otherwise as a guest. */
  async attach(kernel: Kernel, reference: Omit<KeeperSession, 'id'>): Promise<FoundSession> {
    const session = { id: randomUUID(), ...reference };
    await this.put(session, kernel);
    return { session, kernel };
  }

  /** Changes what a session says, or gives it another kernel. */
  async change(
    found: FoundSession,
    changes: Partial<Omit<KeeperSession, 'id'>>,
    kernel: Kernel,
  ): Promise<FoundSession> {
    const session = { ...found.session, ...changes };
    if (kernel !== found.kernel) await this.take(found);
    await this.put(session, kernel);
    return { session, kernel };
  }

  private async put(session: KeeperSession, kernel: Kernel): Promise<void> {
    const own = kernel.state.session;
    if (own === undefined || own.id === session.id) {
      const { id, path, name, type } = session;
      await this.kernels.change(kernel.id, { session: { id, path, name, type } });
    } else {
      this.guests.set(session.id, { ...session, kernelId: kernel.id });
      await this.write();
    }
  }

  private async take({ session, kernel }: FoundSession): Promise<void> {
    if (this.guests.delete(session.id)) await this.write();
    else if (kernel.state.state !== 'dead') await this.kernels.change(kernel.id, { session: null });
  }

  private dropGuestsOf(kernelId: string): void {
    const ids = [...this.guests.values()].filter((guest) => guest.kernelId === kernelId).map(({ id }) => id);
    for (const id of ids) this.guests.delete(id);
    if (ids.length > 0) void this.write();
  }

  /** A guest that cannot be written lives as long as the agent. */
  private write(): Promise<void> {
    return this.writes.run(async () => {
      try {
        await writePrivateFile(this.path, JSON.stringify(Object.fromEntries(this.guests)));
      } catch (error) {
        this.logger.warn(`the sessions could not be written: ${toError(error).message}`);
      }
    });
  }

  private get path(): string {
    return join(this.stateFolder, 'sessions.json');
  }
}

/** As the Jupyter API shows a session; `notebook` is there for clients of its first version. */
export function toSessionModel({ session, kernel }: FoundSession): SessionModel & { notebook?: object } {
  const { id, path, name, type } = session;
  return {
    id,
    path,
    name,
    type,
    kernel: kernel.toModel(),
    ...(type === notebookSessionType ? { notebook: { path, name } } : {}),
  };
}
