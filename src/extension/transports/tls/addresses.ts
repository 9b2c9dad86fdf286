import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { abortable } from '../../../base/time';

/** The start of one attempt after another while the one before has not ended (RFC 8305 §5). */
export const staggerMs = 250;

/** The addresses of a name, families in turn, the system's first choice first (RFC 8305 §4). Rejects with the resolver's error. */
export async function resolveAddresses(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
  if (isIP(hostname) !== 0) return [hostname];
  const found = await abortable(lookup(hostname, { all: true, verbatim: true }), signal);
  return interleave(found.map(({ address }) => address));
}

/** Puts the families in turn, beginning with that of the first. */
export function interleave(addresses: readonly string[]): readonly string[] {
  const [first] = addresses;
  if (first === undefined) return [];
  const isFirstFamily = (address: string) => isIP(address) === isIP(first);
  const ones = addresses.filter(isFirstFamily);
  const others = addresses.filter((address) => !isFirstFamily(address));
  const result: string[] = [];
  for (let index = 0; index < Math.max(ones.length, others.length); index += 1) {
    const pair = [ones[index], others[index]];
    result.push(...pair.filter((address) => address !== undefined));
  }
  return result;
}

/**
 * Tries candidates until one succeeds: the next begins when the one before has failed or has not succeeded within {@link staggerMs}. All
 * others are aborted then. Rejects with an `AggregateError` of all failures.
 */
export function firstToSucceed<C, T>(
  candidates: readonly C[],
  attempt: (candidate: C, signal: AbortSignal) => Promise<T>,
  release: (late: T) => void,
  signal: AbortSignal,
): Promise<T> {
  const race = new AbortController();
  const raceSignal = AbortSignal.any([signal, race.signal]);
  const failures: unknown[] = [];
  let next = 0;
  let isSettled = false;
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      isSettled = true;
      clearTimeout(timer);
      end();
      race.abort();
    };
    const onFailure = (error: unknown) => {
      failures.push(error);
      if (isSettled) return;
      if (failures.length === candidates.length) settle(() => reject(new AggregateError(failures)));
      else if (failures.length === next) start();
    };
    const onSuccess = (value: T) => {
      if (isSettled) release(value);
      else settle(() => resolve(value));
    };
    const start = () => {
      clearTimeout(timer);
      const candidate = candidates[next];
      if (candidate === undefined) return;
      next += 1;
      attempt(candidate, raceSignal).then(onSuccess, onFailure);
      timer = setTimeout(start, staggerMs);
    };
    if (candidates.length === 0) reject(new AggregateError([]));
    else start();
  });
}
