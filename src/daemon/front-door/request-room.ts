import { toError } from '../../base/errors';
import { maxSupervisorRequests } from '../../protocol/supervisor';

/** Of the requests that a channel bears: so many sign-ins, so many others, and some to spare. */
const maxSignIns = (maxSupervisorRequests * 5) / 8;
const maxOthers = (maxSupervisorRequests * 5) / 16;

/**
 * How much a front door asks of its supervisor at once. Strangers decide how many sign-ins there are, and more requests than the channel bears
 * end it and every connection with it. A source can have as many sign-ins under way as there is room left: one alone takes half of the
 * room, ten leave a tenth to the eleventh, and those who are signed in have room of their own.
 */
export class RequestRoom {
  private readonly signInsOf = new Map<string, number>();
  private signIns = 0;
  private others = 0;
  private readonly waiting = new Set<() => void>();

  /** Takes room for a sign-in, to be given back by the function; `undefined` when there is none for this source. */
  takeForSignIn(source: string): (() => void) | undefined {
    const ofSource = this.signInsOf.get(source) ?? 0;
    if (ofSource >= maxSignIns - this.signIns) return undefined;
    this.signIns += 1;
    this.signInsOf.set(source, ofSource + 1);
    return () => {
      this.signIns -= 1;
      const left = (this.signInsOf.get(source) ?? 1) - 1;
      if (left === 0) this.signInsOf.delete(source);
      else this.signInsOf.set(source, left);
    };
  }

  /** Takes room for a request of who is signed in, to be given back by the function; `undefined` when there is none. */
  takeForOther(): (() => void) | undefined {
    if (this.others >= maxOthers) return undefined;
    this.others += 1;
    return () => {
      this.others -= 1;
      const [next] = this.waiting;
      if (next === undefined) return;
      this.waiting.delete(next);
      next();
    };
  }

  /** Resolves like {@link takeForOther} once there is room, in the order of the calls. Rejects with the signal's reason. */
  waitForOther(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.waiting.delete(enter);
        reject(toError(signal.reason));
      };
      const enter = () => {
        signal.removeEventListener('abort', onAbort);
        const giveBack = this.takeForOther();
        if (giveBack !== undefined) resolve(giveBack);
      };
      this.waiting.add(enter);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }
}
