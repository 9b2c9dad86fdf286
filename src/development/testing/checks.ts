import { runTool } from '../run-command';

/** The checks that read the sources without running them. Each is a tool with its words. */
export const checks = [
  { name: 'types', tool: 'typescript/bin/tsc', words: ['--noEmit', '--pretty', 'false'] },
  { name: 'lint', tool: 'eslint/bin/eslint.js', words: ['.', '--max-warnings', '0'] },
  {
    name: 'format',
    tool: 'prettier/bin/prettier.cjs',
    words: ['--check', '.', '--log-level', 'warn'],
  },
] as const;

/** Runs one of the checks; what it prints goes straight to the terminal. Rejects when it finds something. */
export function runCheck(check: (typeof checks)[number], signal: AbortSignal): Promise<void> {
  return runTool(check.tool, check.words, signal);
}
