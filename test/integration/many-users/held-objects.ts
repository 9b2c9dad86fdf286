import { Session } from 'node:inspector/promises';
import { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import * as v from 'valibot';
import { expectParsed, parserOf } from '../../../src/base/parse';

/** How many objects of a kind this process holds, whether or not they keep it running. */
export interface HeldObjects {
  /** Timers that have not come and were not cancelled. */
  readonly timers: number;
  readonly sockets: number;
  readonly childProcesses: number;
  readonly abortSignals: number;
}

const parseQueried = parserOf('queried objects', v.object({ objects: v.object({ objectId: v.string() }) }));
const parseEvaluated = parserOf(
  'evaluated',
  v.object({
    result: v.object({ objectId: v.exactOptional(v.string()), value: v.exactOptional(v.unknown()) }),
  }),
);

const timerPrototype: unknown = Object.getPrototypeOf(clearedTimer());

/** What has a global name while it is asked about. */
const prototypes = {
  timers: timerPrototype,
  sockets: Socket.prototype,
  childProcesses: ChildProcess.prototype,
  abortSignals: AbortSignal.prototype,
} as const;

/** Counts them in this very process, after everything that nobody holds was collected. A timer that has ended and is still held by somebody does not count. */
export async function heldObjects(): Promise<HeldObjects> {
  const session = new Session();
  session.connect();
  try {
    const count = (kind: keyof typeof prototypes) => countOf(session, kind);
    // What ended in this turn of the event loop is let go by the next one.
    await turn();
    return {
      timers: await count('timers'),
      sockets: await count('sockets'),
      childProcesses: await count('childProcesses'),
      abortSignals: await count('abortSignals'),
    };
  } finally {
    session.disconnect();
  }
}

async function countOf(session: Session, kind: keyof typeof prototypes): Promise<number> {
  const name = 'prototypeThatIsCounted';
  Object.defineProperty(globalThis, name, { value: prototypes[kind], configurable: true });
  try {
    const prototype = expectParsed(
      parseEvaluated(await session.post('Runtime.evaluate', { expression: name })),
    );
    const queried = expectParsed(
      parseQueried(
        await session.post('Runtime.queryObjects', { prototypeObjectId: prototype.result.objectId ?? '' }),
      ),
    );
    const counted = await session.post('Runtime.callFunctionOn', {
      functionDeclaration: 'function () { return this.filter((one) => one._destroyed !== true).length; }',
      objectId: queried.objects.objectId,
      returnByValue: true,
    });
    await session.post('Runtime.releaseObject', { objectId: queried.objects.objectId });
    return Number(expectParsed(parseEvaluated(counted)).result.value);
  } finally {
    Reflect.deleteProperty(globalThis, name);
  }
}

function clearedTimer(): NodeJS.Timeout {
  const timer = setTimeout(() => undefined, 1);
  clearTimeout(timer);
  return timer;
}
