import assert from 'node:assert/strict';
import { readFile, readlink } from 'node:fs/promises';
import { test } from 'node:test';
import { abortable, until, withDeadline } from '../../../src/base/time';
import { exitCodes } from '../../../src/protocol/command-line';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { captureFrontDoor, closedOf, portOfLife, useCaptured } from './captured-front-door';
import { startSystemDaemon } from './system-daemon';

const logFile = '/var/log/of-root';
const forged = '2026-01-02T03:04:05.678Z info  [sign-in 7] 4/4: signed in as root';
const floodLines = 200_000;
const mebibyte = 1024 * 1024;
/** In the log at once, and one a second later on, each of at most that length. */
const burstLines = 500;
const maxLineBytes = 2_200;

test(
  'a captured front door has not the log of root, and what it says there is marked, escaped and little',
  { timeout: 300_000 },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    await captureFrontDoor(system);
    const wrapper = ['sh', '-c', `umask 077; exec "$@" 2>>${logFile}`, 'sh'];
    const daemon = await startSystemDaemon(system, [], { wrapper });
    const log = () => readFile(system.outside(logFile), 'utf8');
    const of = (pid: number, descriptor: number) => readlink(`/proc/${pid}/fd/${descriptor}`);
    const { pid } = await daemon.status();
    assert.match(await of(pid, 2), /of-root$/);
    let looked = 0;
    for (const { pid: one, command } of await system.processes()) {
      if (!command.includes('front-door')) continue;
      for (const descriptor of [0, 1, 2, 3])
        assert.doesNotMatch(await of(one, descriptor), /of-root/, command);
      looked += 1;
    }
    assert.equal(looked, 2, 'the front door and the program in its place');
    const before = await log();
    const beganMs = performance.now();

    const socket = await useCaptured(await portOfLife(daemon, 0), 'stderr');
    const ended = closedOf(socket);
    socket.write(`${forged}\n\u001b[2K\r${forged}\n${'x'.repeat(mebibyte)}\n`);
    const flood = `${'word '.repeat(20)}\n`.repeat(1_000);
    for (let lines = 0; lines < floodLines; lines += 1_000)
      if (!socket.write(flood)) await abortable(drained(socket), withDeadline(120_000, 'the flood'));
    socket.end();
    await abortable(ended, withDeadline(120_000, 'the end of the words'));
    const isOver = async () => ((await log()).includes('word') ? true : undefined);
    await until(isOver, withDeadline(60_000, 'the words in the log'));
    assert.equal((await daemon.status()).pid, pid, 'the same supervisor');
    assert.equal(await daemon.end(), exitCodes.ok);
    const passedMs = performance.now() - beganMs;

    const after = await log();
    assert.ok(after.startsWith(before), 'what was written stays');
    const lines = after
      .slice(before.length)
      .split('\n')
      .filter((line) => line !== '');
    const said = lines.filter((line) => line.includes('[front door] [in its own words] '));
    assert.equal(said.filter((line) => line.includes('signed in as root')).length, 2);
    // However long the flood took: a line a second, and before it one that says how many were left out.
    const mostLines = burstLines + 2 * (2 + passedMs / 1_000);
    assert.ok(said.length > 100 && said.length < mostLines, `${said.length} lines, ${mostLines} at most`);
    assert.ok(Math.max(...said.map((line) => Buffer.byteLength(line))) < maxLineBytes);
    assert.ok(said.some((line) => /\(\d+ lines were left out\)$/.test(line)));
    for (const line of lines.filter((one) => !said.includes(one)))
      assert.doesNotMatch(line, /signed in as root|word word|xxxx/);
    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    assert.doesNotMatch(after, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  },
);

function drained(socket: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => socket.once('drain', () => resolve()));
}
