import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from '../repository';
import { formatSeconds } from '../steps';
import { addCounts, noTests, type TestCounts } from './results';
import { runTestFile, type TestFileResult } from './test-file';

/** The kinds of tests, each a folder below `test/`. */
export const testKinds = ['unit', 'integration', 'e2e'] as const;

/** One of {@link testKinds}. */
export type TestKind = (typeof testKinds)[number];

/** How many files of a kind run beside each other, and when one counts as hung. */
const limitsOf: Record<TestKind, { readonly atOnce: number; readonly timeoutMs: number }> = {
  unit: { atOnce: 2, timeoutMs: 60_000 },
  integration: { atOnce: 2, timeoutMs: 400_000 },
  e2e: { atOnce: 1, timeoutMs: 420_000 },
};

/** The files of a kind whose path contains the filter, in the order of their names. */
export async function findTestFiles(kind: TestKind, filter: string): Promise<string[]> {
  const folder = join(repository, 'test', kind);
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => name.endsWith('.test.ts') && join(kind, name).includes(filter))
    .sort()
    .map((name) => join(folder, name));
}

/** Runs these files, tells each as it ends, and gives the counts of all. */
export async function runTestFiles(
  kind: TestKind,
  files: readonly string[],
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<TestCounts> {
  const { atOnce, timeoutMs } = limitsOf[kind];
  // Short, since sockets of the tests lie below it; open to everybody, since some tests act as other users.
  const folder = await mkdtemp('/tmp/rk-');
  await chmod(folder, 0o755);
  const wrapper = kind === 'e2e' ? loopbackOnly() : [];
  const run = { folder, timeoutMs, environment: testEnvironment(), wrapper, signal };
  const waiting = files.map((path, number) => ({ path, number }));
  let counts = noTests;
  const work = async () => {
    for (;;) {
      const next = signal.aborted ? undefined : waiting.shift();
      if (next === undefined) return;
      const result = await runTestFile(next.path, next.number, run);
      counts = addCounts(counts, result.counts);
      print(describeFile(result));
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  signal.throwIfAborted();
  return counts;
}

/**
 * A network that has only loopback: the extension in the editor asks for hosts on every interface, and nothing of a test may leave the machine.
 * Only root can make one without becoming another user; others run in the network that there is.
 */
function loopbackOnly(): readonly string[] {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return [];
  const setUp = [
    'ip link set lo up',
    'ip link set lo multicast on',
    'ip route add 224.0.0.0/4 dev lo',
    'exec "$@"',
  ].join(' && ');
  return ['unshare', '--net', 'sh', '-c', setUp, 'sh'];
}

/** What could change how a test behaves is taken out of the environment of the person who runs it. */
function testEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  for (const name of Object.keys(environment)) {
    if (/^(NODE_OPTIONS|JPY_|JUPYTER|CONDA_|MAMBA_|VIRTUAL_ENV|PYTHON|XDG_RUNTIME_DIR)/.test(name))
      Reflect.deleteProperty(environment, name);
  }
  return environment;
}

function describeFile({ file, counts, timeMs, output }: TestFileResult): string {
  const isOk = counts.failed.length === 0;
  const numbers = [
    `${counts.passed} passed`,
    ...(isOk ? [] : [`${counts.failed.length} failed`]),
    ...(counts.skipped.length === 0 ? [] : [`${counts.skipped.length} skipped`]),
  ].join(', ');
  const lines = [`  ${isOk ? '✔' : '✖'} ${file}: ${numbers} (${formatSeconds(timeMs)})`];
  for (const skipped of counts.skipped) lines.push(`      skipped: ${skipped}`);
  for (const failure of counts.failed) {
    lines.push(`    ✖ ${failure.name}`, indent(failure.error, 6));
  }
  if (!isOk && output.trim() !== '')
    lines.push(`      What ${file} printed last:`, indent(output.slice(-6000).trim(), 8));
  return `${lines.join('\n')}\n`;
}

function indent(text: string, width: number): string {
  return text.replace(/^/gm, ' '.repeat(width));
}
