import type { CommandTarget } from './command-target';

/** What a person chose in the list of hosts. */
export type HostChoice =
  | { readonly kind: 'host'; readonly hostId: string }
  /** What was typed, as it was typed. */
  | { readonly kind: 'typed'; readonly text: string }
  | { readonly kind: 'add' };

/** Which hosts a list shows. */
export type HostFilter =
  'any' | 'connected' | 'lost' | 'saved' | 'signed-in' | 'disconnectable' | 'key-changed';

/** Something to choose that has no list of its own. */
export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly value: T;
}

/**
 * The lists that commands ask with. Implemented in `views/`; `main.ts` hands them out, since commands and views do not import each other.
 * Each resolves with `undefined` when the person dismissed it.
 */
export interface Pickers {
  /** The list that *Connect to Remote* opens: it shows at once what is known and goes on while hosts are found. */
  pickHostToConnect(): Promise<HostChoice | undefined>;
  /** Whether any host passes the filter. */
  hasHost(filter: HostFilter): boolean;
  /** One of the hosts that pass the filter; the only one is not asked about. */
  pickHost(options: { readonly title: string; readonly filter: HostFilter }): Promise<string | undefined>;
  /** An environment, of that host or of all that are connected. */
  pickEnvironment(options: {
    readonly title: string;
    readonly hostId?: string;
  }): Promise<Required<Pick<CommandTarget, 'hostId' | 'environmentId'>> | undefined>;
  /** A running kernel, of that host or of all that are connected. */
  pickKernel(options: {
    readonly title: string;
    readonly hostId?: string;
  }): Promise<Required<Pick<CommandTarget, 'hostId' | 'kernelId'>> | undefined>;
  /** A folder on the host, beginning at the one that is given. */
  pickRemoteFolder(options: {
    readonly title: string;
    readonly hostId: string;
    readonly path: string;
  }): Promise<string | undefined>;
  pickOne<T>(title: string, choices: readonly Choice<T>[]): Promise<T | undefined>;
}

/** What commands may do with the tree. Implemented in `views/`. */
export interface HostsView {
  /** Shows the row and what is below it. Does nothing when it is gone meanwhile. */
  reveal(target: CommandTarget): Promise<void>;
  /** Draws again, for what no event tells. */
  refresh(): void;
}
