import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';
import {
  parseProcessStatus,
  readCommandWords,
  readProcessTable,
  readProportionalBytes,
} from '../../../src/daemon/platform/process-table';
import { requirePeer } from '../../support/peers';

const text = (name: string) =>
  [
    `Name:\t${name}`,
    'Umask:\t0022',
    'State:\tS (sleeping)',
    'Pid:\t4711',
    'PPid:\t901',
    'Uid:\t1000\t1000\t1000\t1000',
    'NSsid:\t901\t1',
    'VmRSS:\t    2048 kB',
    '',
  ].join('\n');

test('the status of a process is read whatever name it gave itself', () => {
  const expected = { pid: 4711, parentPid: 901, uid: 1000, session: 901, residentBytes: 2_097_152 };
  for (const name of ['python3', 'a b)', 'Uid:\t0', 'Pid: 1', ''])
    assert.deepEqual(parseProcessStatus(text(name)), expected, name);
});

test('what has no memory counts none, and what is no status is nothing', () => {
  const thread = text('kworker')
    .replace(/VmRSS.*\n/, '')
    .replace(/NSsid.*\n/, '');
  assert.deepEqual(parseProcessStatus(thread), {
    pid: 4711,
    parentPid: 901,
    uid: 1000,
    session: 0,
    residentBytes: 0,
  });
  for (const none of [undefined, '', 'Name:\tx\n', text('x').replace(/PPid.*\n/, '')])
    assert.equal(parseProcessStatus(none), undefined);
});

test('this process and its child are in the table, with their words and their memory', async (t) => {
  if (!requirePeer(t, 'the process table of Linux', process.platform === 'linux')) return;
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const table = await readProcessTable();
  const own = table.find(({ pid }) => pid === process.pid);
  assert.equal(own?.uid, process.getuid?.());
  const found = table.find(({ pid }) => pid === child.pid);
  assert.equal(found?.parentPid, process.pid);
  assert.equal(found.session, child.pid);
  assert.deepEqual((await readCommandWords(found.pid)).slice(-1), ['600']);
  const proportional = await readProportionalBytes(process.pid);
  assert.ok(own !== undefined);
  if (proportional !== undefined) assert.ok(proportional > 0 && proportional <= own.residentBytes * 1.5);
  assert.deepEqual(await readCommandWords(2 ** 30), []);
});
