import { toError } from '../../base/errors';
import { WireError } from '../../protocol/errors';
import { maxSupervisorRequests, type Asker } from '../../protocol/supervisor';
import { networksOf } from '../platform/network-source';
import { keyOf, WaitingAskers, type WaitingAsker } from './waiting-askers';

/** Of the requests that a channel bears: so many sign-ins, so many others, and some to spare. */
const maxSignIns = (maxSupervisorRequests * 5) / 8;
/** Of the sign-ins, those from where nobody has signed in yet: many strangers leave the rest to who comes back. */
const maxSignInsOfStrangers = (maxSignIns * 7) / 8;
/** So many sources from which somebody has signed in are remembered. */
const maxKnownSources = 1_024;
const maxOthers = (maxSupervisorRequests * 5) / 16;
/** Of the others those whose user is not known yet: who works here is not kept out by who comes. */
const maxUnknown = maxOthers / 2;
/** Of the others for one asker: what is asked for a user takes an agent's start at most, and more of them would wait for that too. */
const maxOfUser = 4;
/** As many agents as can start at once, and some to spare, for a class behind one address. */
const maxOfSource = 8;

/**
 * How much a front door asks of its supervisor at once. Strangers decide how many sign-ins there are, and more requests than the channel bears
 * end it and every connection with it. A source can have as many sign-ins under way as there is room left: one alone takes half of the
 * room, ten that come at once leave a tenth to the eleventh, an IPv6 network of 48 bits is one, and those who are signed in have room of their own. Of that one user and one source have a small
 * share, and the last of it is for who has least: some two dozen users have to work together to keep another one waiting.
 */
export class RequestRoom {
  private readonly signInsOf = new Map<string, number>();
  private signIns = 0;
  /** From which somebody has signed in, the last one last. */
  private readonly knownSources = new Set<string>();
  private readonly othersOf = new Map<string, number>();
  private others = 0;
  private unknown = 0;
  private readonly waiting = new WaitingAskers();

  /** Takes room for a sign-in, to be given back by the function; `undefined` when there is none for this source. */
  takeForSignIn(source: string): (() => void) | undefined {
    const [network] = networksOf(source);
    const ofNetwork = this.signInsOf.get(network) ?? 0;
    const room = this.knownSources.has(source) ? maxSignIns : maxSignInsOfStrangers;
    if (ofNetwork >= room - this.signIns) return undefined;
    this.signIns += 1;
    this.signInsOf.set(network, ofNetwork + 1);
    return () => {
      this.signIns -= 1;
      takeOne(this.signInsOf, network);
    };
  }

  /** Somebody has signed in from there. */
  signedInFrom(source: string): void {
    this.knownSources.delete(source);
    this.knownSources.add(source);
    const [oldest] = this.knownSources;
    if (this.knownSources.size > maxKnownSources && oldest !== undefined) this.knownSources.delete(oldest);
  }

  /** Takes room for a request of who is signed in, to be given back by the function; `undefined` when there is none for this asker. */
  takeForOther(asker: Asker): (() => void) | undefined {
    const key = keyOf(asker);
    const ofAsker = this.othersOf.get(key) ?? 0;
    if (ofAsker >= this.shareOf(asker)) return undefined;
    const ofUnknown = 'user' in asker ? 0 : 1;
    this.others += 1;
    this.unknown += ofUnknown;
    this.othersOf.set(key, ofAsker + 1);
    return () => {
      this.others -= 1;
      this.unknown -= ofUnknown;
      takeOne(this.othersOf, key);
      this.letIn();
    };
  }

  /**
   * Resolves like {@link takeForOther} once there is room for this asker. Rejects with the reason of the signal, or of the asker's own when they have gone,
   * and with a {@link WireError} `agent-unavailable` when too many wait already.
   */
  waitForOther(asker: Asker, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const ends = asker.gone === undefined ? [signal] : [signal, asker.gone];
      const settle = () => {
        for (const end of ends) end.removeEventListener('abort', onAbort);
      };
      const onAbort = () => {
        settle();
        this.waiting.delete(one);
        reject(toError(ends.find(({ aborted }) => aborted)?.reason));
      };
      const one: WaitingAsker = {
        asker,
        enter: (giveBack) => {
          settle();
          resolve(giveBack);
        },
      };
      if (!this.waiting.add(one)) {
        reject(new WireError('agent-unavailable', 'too many requests wait to be looked at; try again'));
        return;
      }
      for (const end of ends) end.addEventListener('abort', onAbort, { once: true });
      if (ends.some(({ aborted }) => aborted)) onAbort();
    });
  }

  private shareOf(asker: Asker): number {
    const left = maxOthers - this.others;
    return 'user' in asker
      ? Math.min(maxOfUser, left)
      : Math.min(maxOfSource, left, maxUnknown - this.unknown);
  }

  private letIn(): void {
    this.waiting.letIn((asker) => this.takeForOther(asker));
  }
}

function takeOne(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 1) - 1;
  if (left === 0) counts.delete(key);
  else counts.set(key, left);
}
