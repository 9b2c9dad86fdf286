import type { Readable } from 'node:stream';
import { logLevels, type Logger, type LogLevel } from '../../../base/logger';

/** Longer lines are cut: those of a front door in order are shorter. */
const maxLineBytes = 2048;
/**
 * So many at once, as after a fault with its stack, and so many a second later on: enough to see what is wrong, and at most 180 MB a day, too little to
 * fill a disk with.
 */
const burstLines = 500;
const linesPerSecond = 1;

/** A line of its log: time, level, its own name, text. */
const logLine = new RegExp(`^\\S{20,30} (${logLevels.join('|')}) +(?:\\[front door\\] )?(.*)$`);

/**
 * Puts what a front door writes to its standard error into the log, each line with a mark that nothing but this puts there. It is the word of a process
 * that may be somebody else's by now, so it is cut, counted and escaped, and never gets the log itself, where it could change what is written already.
 * All is read, however much it is: who does not read holds a front door up.
 */
export function relayWords(stream: Readable, log: Logger, now: () => number): void {
  const marked = log.child('in its own words');
  const room = { lines: burstLines, atMs: now() };
  let [pending, isCut, left, level] = [Buffer.alloc(0), false, 0, 'warn' as LogLevel];

  const take = (line: string) => {
    const nowMs = now();
    room.lines = Math.min(burstLines, room.lines + ((nowMs - room.atMs) / 1000) * linesPerSecond);
    room.atMs = nowMs;
    if (room.lines < 1) {
      left += 1;
      return;
    }
    room.lines -= 1;
    if (left > 0) marked.warn(`(${left} lines were left out)`);
    left = 0;
    const [, ownLevel, text] = logLine.exec(line) ?? [];
    // The frames of a fault and what Node itself says have no level; the line before them had.
    level = logLevels.find((one) => one === ownLevel) ?? (/^\s/.test(line) ? level : 'warn');
    marked[level](text ?? line);
  };
  const takeBytes = (bytes: Buffer, isWhole: boolean) => {
    const rest = maxLineBytes - pending.length;
    if (!isCut) pending = Buffer.concat([pending, bytes.subarray(0, rest)]);
    isCut ||= bytes.length > rest;
    if (!isWhole) return;
    if (pending.length > 0) take(pending.toString('utf8') + (isCut ? ' …' : ''));
    [pending, isCut] = [Buffer.alloc(0), false];
  };

  stream.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      takeBytes(chunk.subarray(from, end), true);
      from = end + 1;
    }
    takeBytes(chunk.subarray(from), false);
  });
  stream.once('close', () => {
    takeBytes(Buffer.alloc(0), true);
    if (left > 0) marked.warn(`(${left} lines were left out)`);
  });
  stream.on('error', (error) => log.debug(`its words: ${error.message}`));
}
