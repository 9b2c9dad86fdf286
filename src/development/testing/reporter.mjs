/**
 * A reporter of node:test that writes one JSON object a line for each test that begins or ends, for `results.ts` to read: also the file of a
 * process that had to be killed says which test was running.
 */
import { inspect } from 'node:util';

/** Turns the events of a test run into lines. */
export default async function* report(events) {
  const path = [];
  for await (const { type, data } of events) {
    if (type === 'test:dequeue') yield line({ event: 'running', name: data.name });
    if (type === 'test:start') path.splice(data.nesting, path.length, data.name);
    if (type === 'test:pass' || type === 'test:fail') {
      yield line({
        event: 'ended',
        name: [...path.slice(0, data.nesting), data.name].join(' › '),
        isSuite: data.details.type === 'suite',
        isPassed: type === 'test:pass',
        skipReason: data.skip === undefined ? undefined : String(data.skip),
        timeMs: data.details.duration_ms,
        error: type === 'test:fail' ? describe(data.details.error) : undefined,
        isOnlyBelow: data.details.error?.failureType === 'subtestsFailed',
      });
    }
  }
}

function line(value) {
  return `${JSON.stringify(value)}\n`;
}

/** The error itself, since node:test wraps it in one of its own, without the lines of the stack that lie in Node. */
function describe(error) {
  const cause = error?.cause ?? error;
  if (!(cause instanceof Error)) return inspect(cause, { depth: 5 });
  const text = cause.code === 'ERR_ASSERTION' ? (cause.stack ?? cause.message) : inspect(cause, { depth: 5 });
  const short = text
    .split('\n')
    .filter((part) => !/^\s+at .*\(?node:/.test(part))
    .join('\n');
  return short.length > 12_000 ? `${short.slice(0, 12_000)}…` : short;
}
