import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { delay } from '../../base/time';
import { describeProcesses, endProcesses, processesWith, type FoundProcess } from '../processes';
import { repository } from '../repository';
import { readResults, type TestCounts } from './results';

/** Where and how the files of one run are executed. */
export interface TestRun {
  /** A short folder of this run; every file gets one inside it as its `TMPDIR`. */
  readonly folder: string;
  /** After this a file is ended and counts as failed. */
  readonly timeoutMs: number;
  readonly environment: NodeJS.ProcessEnv;
  /** What the test's command line is given to as further words: a network of its own, or nothing. */
  readonly wrapper: readonly string[];
  readonly signal: AbortSignal;
}

/** How one file ended. */
export interface TestFileResult {
  /** Relative to the repository. */
  readonly file: string;
  readonly counts: TestCounts;
  readonly timeMs: number;
  /** What the file printed, for the reader of a failure. */
  readonly output: string;
}

/**
 * Runs one file of tests in a process of its own, ended when it takes too long. Whatever processes it leaves behind are found by a mark in their
 * environment, ended, and reported as a failure of the file. Never rejects for what a test does.
 */
export async function runTestFile(path: string, number: number, run: TestRun): Promise<TestFileResult> {
  const startedAt = Date.now();
  const folder = join(run.folder, number.toString(36));
  await mkdir(folder);
  const resultsPath = join(run.folder, `${number.toString(36)}.ndjson`);
  const environment = { ...run.environment, TMPDIR: folder, REMOTE_KERNELS_TEST_RUN: folder };
  const [program, ...words] = [
    ...run.wrapper,
    process.execPath,
    '--import',
    'tsx',
    `--test-reporter=${join(__dirname, 'reporter.mjs')}`,
    `--test-reporter-destination=${resultsPath}`,
    path,
  ];
  const child = spawn(program, words, {
    cwd: repository,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = await watch(child, run);
  const file = relative(repository, path);
  const read = readResults(file, await readFile(resultsPath, 'utf8').catch(() => ''));
  const failed = [...read.counts.failed];
  const fail = (name: string, error: string) => failed.push({ name, place: file, error });

  const left = await processesLeft(folder, ended.reason === undefined ? 3000 : 0);
  if (ended.reason !== undefined) {
    const inside = read.running.length === 0 ? 'after its last test' : `in: ${read.running.join(' › ')}`;
    fail('(the whole file)', `${ended.reason}, ${inside}`);
  } else if (failed.length === 0 && ended.exitCode !== 0)
    fail(
      '(the whole file)',
      `ended with ${ended.exitCode ?? 'a signal'} outside any test\n${ended.output.slice(-4000)}`,
    );
  else if (failed.length + read.counts.passed + read.counts.skipped.length === 0)
    fail('(the whole file)', 'has no test in it');
  if (left.length > 0) {
    if (ended.reason === undefined) fail('(processes left behind)', describeProcesses(left));
    await endProcesses(() => findProcesses(folder));
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  const counts = { ...read.counts, failed };
  return { file, counts, timeMs: Date.now() - startedAt, output: ended.output };
}

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
  /** Why we ended it, when it was us. */
  readonly reason?: string;
}

async function watch(child: ChildProcess, run: TestRun): Promise<Ended> {
  let output = '';
  const take = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-200_000);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  let reason: string | undefined;
  const kill = (because: string) => {
    reason ??= because;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => kill(`did not end within ${run.timeoutMs / 1000} s`), run.timeoutMs);
  const onAbort = () => kill('the run was ended');
  run.signal.addEventListener('abort', onAbort, { once: true });
  if (run.signal.aborted) onAbort();
  // `exit` and not `close`: a process left behind may hold our pipes open.
  const exitCode = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      output += error.message;
      resolve(null);
    });
    child.on('exit', (code) => setTimeout(() => resolve(code), 50));
  });
  clearTimeout(timer);
  run.signal.removeEventListener('abort', onAbort);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return { exitCode, output, ...(reason === undefined ? {} : { reason }) };
}

/** Everything that was started by the file: it carries the mark, has a home below the file's folder, or works with a file there. */
function findProcesses(folder: string): Promise<FoundProcess[]> {
  return processesWith((text) => {
    const value = text.slice(text.indexOf('=') + 1);
    return value === folder || text.startsWith(`${folder}/`) || value.startsWith(`${folder}/`);
  });
}

/** What is still there after a short time in which a process that was told to end may do so. */
async function processesLeft(folder: string, graceMs: number): Promise<FoundProcess[]> {
  const endAt = Date.now() + graceMs;
  for (;;) {
    const left = await findProcesses(folder);
    if (left.length === 0 || Date.now() >= endAt) return left;
    await delay(100);
  }
}
