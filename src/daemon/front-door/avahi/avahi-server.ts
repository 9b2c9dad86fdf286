import { toError } from '../../../base/errors';
import { DBusError, type DBusConnection } from './d-bus-connection';
import type { DBusMessage } from './d-bus-message';
import type { DBusValue } from './d-bus-values';

/** The well-known name of avahi-daemon on the bus. */
export const avahiName = 'org.freedesktop.Avahi';

const serverInterface = 'org.freedesktop.Avahi.Server';
const groupInterface = 'org.freedesktop.Avahi.EntryGroup';

/** The states of avahi-daemon (`AvahiServerState` in `avahi-common/defs.h`). */
export const serverStates = { invalid: 0, registering: 1, running: 2, collision: 3, failure: 4 } as const;

/** The states of a group of entries (`AvahiEntryGroupState`). */
export const groupStates = {
  uncommitted: 0,
  registering: 1,
  established: 2,
  collision: 3,
  failure: 4,
} as const;

/** `AVAHI_IF_UNSPEC` and `AVAHI_PROTO_UNSPEC`: all of them. */
export const unspecified = -1;

/** Without it Avahi adds a key of its own to the TXT record (`AVAHI_PUBLISH_NO_COOKIE`). */
const noCookieFlag = 32;
/** The name that belongs to an address is the machine's, not the announcement's (`AVAHI_PUBLISH_NO_REVERSE`). */
const noReverseFlag = 16;

/** Nobody else may have a record of this name and type (`AVAHI_PUBLISH_UNIQUE`). */
const uniqueFlag = 1;

/** Class `IN`; the types `A` and `AAAA` with addresses for documentation, which no machine has (RFC 5737, RFC 3849). */
const internetClass = 1;
const addressesOfNobody: readonly (readonly [type: number, address: Buffer])[] = [
  [1, Buffer.from([192, 0, 2, 1])],
  [28, Buffer.from('20010db8000000000000000000000001', 'hex')],
];
const addressTtlSeconds = 120;

/** Some other program on this machine has the name already. */
export const collisionError = 'org.freedesktop.Avahi.CollisionError';

/** One service of a group. */
export interface AvahiService {
  readonly interfaceIndex: number;
  readonly name: string;
  /** `_remote-kernels._tcp` */
  readonly type: string;
  /** Empty for the machine's own name, whose addresses Avahi knows and follows. */
  readonly host: string;
  readonly port: number;
  readonly text: Readonly<Record<string, string>>;
}

/** What a state changed to, with avahi-daemon's words for a failure. */
export interface AvahiState {
  readonly state: number;
  readonly words: string;
}

/**
 * The methods of one running avahi-daemon (`org.freedesktop.Avahi.Server.xml`, `…EntryGroup.xml`), called at its unique name on the bus, so that
 * nothing meant for this one reaches the next. What a client has published there vanishes with its connection.
 */
export class AvahiServer {
  constructor(
    readonly bus: DBusConnection,
    /** The unique name of avahi-daemon: `:1.7`. */
    readonly owner: string,
  ) {}

  async state(signal: AbortSignal): Promise<number> {
    const [state] = await this.call('/', serverInterface, 'GetState', '', [], signal);
    return typeof state === 'number' ? state : serverStates.invalid;
  }

  /**
   * Whether it announces addresses under the machine's own name, which it does not with `publish-addresses=no` or without a network. It is not told on
   * D-Bus: it shows by whether that name could be had for another address. Nothing of the attempt reaches the network.
   */
  async announcesMachine(signal: AbortSignal): Promise<boolean> {
    const [name] = await this.call('/', serverInterface, 'GetHostNameFqdn', '', [], signal);
    if (typeof name !== 'string') return true;
    const group = await this.newGroup(signal);
    try {
      for (const [type, address] of addressesOfNobody) {
        const words = [
          unspecified,
          unspecified,
          uniqueFlag,
          name,
          internetClass,
          type,
          addressTtlSeconds,
          address,
        ];
        await this.call(group, groupInterface, 'AddRecord', 'iiusqquay', words, signal);
      }
      return false;
    } catch (error) {
      // Whatever else it may mind, nothing says that the machine is not announced.
      if (error instanceof DBusError) return true;
      throw error;
    } finally {
      await this.tellGroup(group, 'Free', signal).catch(toError);
    }
  }

  /** `lab-7 #2` for `lab-7`. */
  alternativeServiceName(name: string, signal: AbortSignal): Promise<string> {
    return this.text('GetAlternativeServiceName', name, signal);
  }

  /** `lab-7-2` for `lab-7`. */
  alternativeHostName(label: string, signal: AbortSignal): Promise<string> {
    return this.text('GetAlternativeHostName', label, signal);
  }

  async interfaceIndex(name: string, signal: AbortSignal): Promise<number> {
    const member = 'GetNetworkInterfaceIndexByName';
    const [index] = await this.call('/', serverInterface, member, 's', [name], signal);
    if (typeof index !== 'number') throw new Error(`avahi-daemon knows no interface ${name}`);
    return index;
  }

  /** Makes an empty group and resolves with its path. */
  async newGroup(signal: AbortSignal): Promise<string> {
    const [path] = await this.call('/', serverInterface, 'EntryGroupNew', '', [], signal);
    if (typeof path !== 'string') throw new Error('avahi-daemon gave no group');
    return path;
  }

  async addService(group: string, service: AvahiService, signal: AbortSignal): Promise<void> {
    const { interfaceIndex, name, type, host, port, text } = service;
    const words = [interfaceIndex, unspecified, noCookieFlag, name, type, '', host, port, encodeText(text)];
    await this.call(group, groupInterface, 'AddService', 'iiussssqaay', words, signal);
  }

  async updateText(group: string, service: AvahiService, signal: AbortSignal): Promise<void> {
    const { interfaceIndex, name, type, text } = service;
    const words = [interfaceIndex, unspecified, noCookieFlag, name, type, '', encodeText(text)];
    await this.call(group, groupInterface, 'UpdateServiceTxt', 'iiusssaay', words, signal);
  }

  async addAddress(
    group: string,
    entry: { readonly interfaceIndex: number; readonly host: string; readonly address: string },
    signal: AbortSignal,
  ): Promise<void> {
    const words = [entry.interfaceIndex, unspecified, noReverseFlag, entry.host, entry.address];
    await this.call(group, groupInterface, 'AddAddress', 'iiuss', words, signal);
  }

  /** `Commit` puts the group on the network, `Reset` takes it back and empties it, `Free` also ends it. */
  async tellGroup(group: string, member: 'Commit' | 'Reset' | 'Free', signal: AbortSignal): Promise<void> {
    await this.call(group, groupInterface, member, '', [], signal);
  }

  /** The state in a signal of this avahi-daemon's own, or of that group; `undefined` for anything else, and for what another sends in its name. */
  stateIn(message: DBusMessage, group?: string): AvahiState | undefined {
    const { sender, path, member, body } = message;
    const [state, words] = body;
    const isOurs =
      group === undefined
        ? message.interface === serverInterface
        : message.interface === groupInterface && path === group;
    if (sender !== this.owner || member !== 'StateChanged' || !isOurs || typeof state !== 'number')
      return undefined;
    return { state, words: typeof words === 'string' ? words : '' };
  }

  private async text(member: string, word: string, signal: AbortSignal): Promise<string> {
    const [answer] = await this.call('/', serverInterface, member, 's', [word], signal);
    if (typeof answer !== 'string') throw new Error(`avahi-daemon has no answer to ${member}`);
    return answer;
  }

  private call(
    path: string,
    interfaceName: string,
    member: string,
    signature: string,
    words: readonly DBusValue[],
    signal: AbortSignal,
  ): Promise<readonly DBusValue[]> {
    const call = { destination: this.owner, path, interface: interfaceName, member };
    return this.bus.call({ ...call, signature, arguments: words }, signal);
  }
}

function encodeText(text: Readonly<Record<string, string>>): DBusValue[] {
  return Object.entries(text).map(([key, value]) => Buffer.from(`${key}=${value}`));
}

/** The rule by which the bus passes on the states of avahi-daemon itself; those of groups are addressed to whoever made them. */
export const serverStateRule = `type='signal',sender='${avahiName}',interface='${serverInterface}',member='StateChanged'`;
