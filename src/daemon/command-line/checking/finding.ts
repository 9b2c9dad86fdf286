import { toSingleLine } from '../../../base/text';
import type { SystemPaths } from '../../configuration/system-paths';

/** One thing that was looked at. What is `wrong` keeps the daemon from starting or from serving; a `warning` does not. */
export interface Finding {
  readonly subject: string;
  readonly level: 'ok' | 'warning' | 'wrong';
  readonly message: string;
  /** What to do: a command where there is one. */
  readonly mend?: string;
}

/** What the checks look at. */
export interface CheckedHost {
  readonly paths: SystemPaths;
  /** This program's own file. */
  readonly programFile: string;
  /** Whether everything can be seen; without it what is left out is said. */
  readonly isRoot: boolean;
  readonly nowMs: number;
}

/** Something that is as it should be. */
export function fine(subject: string, message: string): Finding {
  return { subject, level: 'ok', message };
}

/** Something that works, but perhaps not as meant. */
export function doubtful(subject: string, message: string, mend?: string): Finding {
  return { subject, level: 'warning', message, ...(mend === undefined ? {} : { mend }) };
}

/** Something that has to be mended. */
export function wrong(subject: string, message: string, mend?: string): Finding {
  return { subject, level: 'wrong', message, ...(mend === undefined ? {} : { mend }) };
}

/** Something that has to be mended, in a sentence that ends with the command where it has one: `…; run: chmod go-w FILE`. */
export function wrongAsSaid(subject: string, sentence: string): Finding {
  const [message = sentence, mend] = sentence.split('; run: ');
  return wrong(subject, message, mend);
}

/** Something that only root can see. */
export function unseen(subject: string, what: string): Finding {
  return doubtful(subject, `${what} can only be seen by root`, 'sudo remote-kernels check');
}

/** The findings in words, one a line, and what they come to. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ subject, level, message, mend }) => [
    `${level.padEnd(7)}  ${subject.padEnd(width)}  ${toSingleLine(message, 2_000)}`,
    ...(mend === undefined ? [] : [`${' '.repeat(7)}  ${' '.repeat(width)}  → ${toSingleLine(mend, 2_000)}`]),
  ]);
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  return [...lines, '', summarize(count('wrong'), count('warning'))].join('\n');
}

function summarize(wrongCount: number, warningCount: number): string {
  const warnings = warningCount === 1 ? '1 warning' : `${warningCount} warnings`;
  if (wrongCount === 0) return warningCount === 0 ? 'Nothing is wrong.' : `Nothing is wrong; ${warnings}.`;
  const faults = wrongCount === 1 ? '1 thing is wrong' : `${wrongCount} things are wrong`;
  return `${faults}${warningCount === 0 ? '' : `; ${warnings}`}.`;
}
