import { prepareEnvironments } from '../../../test/support/python-environments';
import { buildBundles } from '../bundles';
import { preparedCodeServer } from '../code-server';
import { preparedExample } from '../demonstration/places';
import { formatSeconds, markOf, Steps } from '../steps';
import {
  browserPackages,
  editorPackages,
  integrationPackages,
  pythonPackages,
  requireSystemPackages,
} from '../system-packages';
import { checks, runCheck } from './checks';
import { addCounts, noTests, type TestCounts } from './results';
import { findTestFiles, runTestFiles, testKinds, type TestKind } from './test-files';

const usage = `Usage: npm test -- [check|unit|integration|e2e] [part of a test file's path]

  npm test                          everything
  npm test -- check                 types, lint and format
  npm test -- unit                  the tests that need nothing but Node
  npm test -- integration agent     the integration tests whose path contains "agent"
  npm test -- e2e                   the packaged extension in an editor
`;

/** What a call of the command asks for. */
interface Wanted {
  readonly withChecks: boolean;
  readonly kinds: readonly TestKind[];
  readonly filter: string;
}

const print = (text: string) => process.stdout.write(text);

async function main(words: readonly string[]): Promise<number> {
  const wanted = readWords(words);
  if (wanted === undefined) {
    process.stderr.write(usage);
    return 64;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error('the run was ended from outside')));
  }
  const startedAt = Date.now();
  const steps = new Steps(print);
  const counts = await runAll(wanted, steps, stop.signal);
  return summarize(steps, counts, Date.now() - startedAt);
}

function readWords(words: readonly string[]): Wanted | undefined {
  const [first, filter = ''] = words;
  if (words.length > 2) return undefined;
  if (first === undefined) return { withChecks: true, kinds: testKinds, filter };
  if (first === 'check') return { withChecks: true, kinds: [], filter };
  const kinds = testKinds.filter((kind) => kind === first);
  return kinds.length === 0 ? undefined : { withChecks: false, kinds, filter };
}

async function runAll(wanted: Wanted, steps: Steps, signal: AbortSignal): Promise<TestCounts> {
  let counts = noTests;
  const needsMachine = wanted.kinds.some((kind) => kind !== 'unit');
  if (wanted.withChecks) {
    for (const check of checks) await steps.run(check.name, () => runCheck(check, signal));
  }
  if (wanted.kinds.includes('unit')) counts = addCounts(counts, await runKind('unit', wanted, steps, signal));
  if (!needsMachine) return counts;
  if (!(await prepareMachine(wanted, steps, signal))) return counts;
  for (const kind of wanted.kinds) {
    if (kind !== 'unit') counts = addCounts(counts, await runKind(kind, wanted, steps, signal));
  }
  return counts;
}

/** Everything that integration and end-to-end tests stand on; `false` when a part of it failed. */
async function prepareMachine(wanted: Wanted, steps: Steps, signal: AbortSignal): Promise<boolean> {
  const isE2e = wanted.kinds.includes('e2e');
  const packages = [
    ...pythonPackages,
    ...(wanted.kinds.includes('integration') ? integrationPackages : []),
    ...(isE2e ? [...editorPackages, ...browserPackages] : []),
  ];
  const results = [
    await steps.run('packages of the system', () => requireSystemPackages(packages, print)),
    await steps.run('Python environments', () => prepareEnvironments((name) => print(`  ${name}\n`))),
    await steps.run('build', async () => {
      if (!(await buildBundles(signal))) print('  nothing has changed since the last build\n');
    }),
    !isE2e || (await steps.run('example environment', () => preparedExample(signal))),
    !isE2e || (await steps.run('code-server', () => preparedCodeServer(signal))),
  ];
  return results.every((isOk) => isOk);
}

async function runKind(
  kind: TestKind,
  wanted: Wanted,
  steps: Steps,
  signal: AbortSignal,
): Promise<TestCounts> {
  let counts = noTests;
  await steps.run(`${kind} tests`, async () => {
    const files = await findTestFiles(kind, wanted.filter);
    if (files.length === 0)
      throw new Error(`no file of tests in test/${kind} has "${wanted.filter}" in its path`);
    counts = await runTestFiles(kind, files, print, signal);
    if (counts.failed.length > 0) throw new TestsFailed(`${counts.failed.length} failed`);
  });
  return counts;
}

/** Some tests failed, which are counted one by one; any other error of a step counts once. */
class TestsFailed extends Error {}

/** Prints what failed once more, together, and the counts as the last line. A step that failed is a failure even when every test passed. */
function summarize(steps: Steps, counts: TestCounts, timeMs: number): number {
  print(`\n── Summary (${formatSeconds(timeMs)}) ${'─'.repeat(50)}\n`);
  for (const step of steps.results) {
    print(`${markOf(step)} ${step.name.padEnd(28)} ${formatSeconds(step.timeMs)}\n`);
  }
  for (const failure of counts.failed) print(`  ✖ ${failure.place}: ${failure.name}\n`);
  const isCheck = (name: string) => checks.some((check) => check.name === name);
  const checksPassed = steps.results.filter((step) => step.error === undefined && isCheck(step.name));
  const stepsFailed = steps.results.filter((step) => step.error && !(step.error instanceof TestsFailed));
  const failed = counts.failed.length + stepsFailed.length;
  print(
    `\n${counts.passed + checksPassed.length} passed, ${failed} failed, ${counts.skipped.length} skipped\n`,
  );
  return failed === 0 ? 0 : 1;
}

void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
