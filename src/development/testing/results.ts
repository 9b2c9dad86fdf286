import * as v from 'valibot';
import { parseJson, parserOf } from '../../base/parse';

const eventSchema = v.variant('event', [
  v.object({ event: v.literal('running'), name: v.string() }),
  v.object({
    event: v.literal('ended'),
    name: v.string(),
    isSuite: v.boolean(),
    isPassed: v.boolean(),
    skipReason: v.optional(v.string()),
    timeMs: v.number(),
    error: v.optional(v.string()),
    isOnlyBelow: v.boolean(),
  }),
]);

const parseEvent = parserOf('test event', eventSchema);

/** A test that failed, with what a reader needs. */
export interface FailedTest {
  readonly name: string;
  /** The file, relative to the repository. */
  readonly place: string;
  readonly error: string;
}

/** What the tests of one file, or of many, came to. */
export interface TestCounts {
  readonly passed: number;
  readonly skipped: readonly string[];
  readonly failed: readonly FailedTest[];
}

/** Nothing has run. */
export const noTests: TestCounts = { passed: 0, skipped: [], failed: [] };

/** Both together. */
export function addCounts(one: TestCounts, other: TestCounts): TestCounts {
  return {
    passed: one.passed + other.passed,
    skipped: [...one.skipped, ...other.skipped],
    failed: [...one.failed, ...other.failed],
  };
}

/**
 * Reads what `reporter.mjs` wrote about a file. A suite is not counted, only the tests in it, and a test that failed only because one inside it failed is not
 * counted twice. `running` are the tests that began and did not end, the outermost first.
 */
export function readResults(file: string, lines: string): { counts: TestCounts; running: readonly string[] } {
  let counts = noTests;
  const running: string[] = [];
  for (const line of lines.split('\n')) {
    const event = parseJson(line, parseEvent);
    // The last line of a process that was killed may be cut.
    if (!event.ok) continue;
    if (event.value.event === 'running') {
      running.push(event.value.name);
      continue;
    }
    const { name, isSuite, isPassed, skipReason, error, isOnlyBelow } = event.value;
    const index = running.findIndex((candidate) => name === candidate || name.endsWith(` › ${candidate}`));
    if (index >= 0) running.splice(index, 1);
    if (isSuite && isPassed) continue;
    if (!isPassed && !isOnlyBelow)
      counts = addCounts(counts, { ...noTests, failed: [{ name, place: file, error: error ?? 'failed' }] });
    else if (skipReason !== undefined)
      counts = addCounts(counts, { ...noTests, skipped: [`${name}: ${skipReason || 'no reason given'}`] });
    else if (isPassed) counts = addCounts(counts, { ...noTests, passed: 1 });
  }
  return { counts, running };
}
