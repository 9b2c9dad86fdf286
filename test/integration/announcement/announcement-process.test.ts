import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import {
  AnnouncementProcess,
  type AnnouncementState,
} from '../../../src/daemon/front-door/announcement-process';
import type { AnnouncementOrder } from '../../../src/protocol/announcer';
import { temporaryFolder } from '../../support/temporary-folder';

const order: AnnouncementOrder = {
  name: 'lab-7',
  hostLabel: 'lab-7-012345',
  port: 7443,
  text: {},
  interfaces: ['lo'],
  addresses: ['lo'],
  isIPv4Only: false,
};

/** An announcement whose child is a script of the test; it notes each start and each order in a file. */
async function announcing(t: TestContext, script: string, firstRestartMs = 100, answerTimeoutMs = 60_000) {
  const folder = await temporaryFolder(t);
  const programFile = join(folder, 'child.cjs');
  const notes = join(folder, 'notes');
  await writeFile(notes, '');
  await writeFile(
    programFile,
    `const note = (text) => require('fs').appendFileSync(${JSON.stringify(notes)}, text + '\\n');\n${script}`,
  );
  const present: { order: AnnouncementOrder | undefined } = { order };
  const states: AnnouncementState[] = [];
  const made = new AnnouncementProcess({
    programFile,
    order: () => present.order,
    log: silentLogger,
    checkIntervalMs: 50,
    firstRestartMs,
    longestRestartMs: 4 * firstRestartMs,
    answerTimeoutMs,
  });
  t.after(() => made.dispose());
  made.onState((state) => states.push(state));
  const notesSoFar = async () => (await readFile(notes, 'utf8')).split('\n').filter((line) => line !== '');
  const waitFor = <T>(what: string, ask: () => Promise<T | undefined> | T | undefined) =>
    until(ask, withDeadline(30_000, what));
  return { made, present, states, notesSoFar, waitFor };
}

const announce = `
  require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    note('order ' + JSON.parse(line).interfaces);
    console.log('words of a library');
    console.log(JSON.stringify({ event: 'announced', name: 'lab-7 (2)', by: 'own-responder' }));
  });
  process.stdin.on('end', () => { note('goodbye'); process.exit(0); });
`;

test('a child that fails at once is started again, ever more slowly, and never without end at once', async (t) => {
  const { made, states, notesSoFar, waitFor } = await announcing(t, `note('start'); process.exit(1);`);
  const startMs = performance.now();
  made.start();
  await waitFor('five failures', () => (states.length >= 5 ? true : undefined));
  // 100, 200, 400 and 400 ms, each less at most a fifth.
  assert.ok(performance.now() - startMs > 880 - 1);
  assert.ok((await notesSoFar()).length <= states.length + 1);
  for (const state of states) assert.equal(state.kind, 'failed');
  assert.equal(made.announcedName, undefined);
});

test('the last words of a child that failed are in the reason', async (t) => {
  const { made, states, waitFor } = await announcing(
    t,
    `console.error('no such interface'); process.exit(1);`,
  );
  made.start();
  const [state] = await waitFor('a failure', () => (states.length > 0 ? states : undefined));
  assert.deepEqual(state, {
    kind: 'failed',
    message: 'the announcer ended (exit code 1): no such interface',
  });
});

test('the name that was found is told, and words of the library are no events', async (t) => {
  const { made, states, waitFor } = await announcing(t, announce);
  made.start();
  await waitFor('the announcement', () => made.announcedName);
  assert.deepEqual(states, [
    { kind: 'announced', name: 'lab-7 (2)', interfaces: ['lo'], by: 'own-responder' },
  ]);
  await made.stop();
});

test('a child that lives is told of other interfaces and of another name', async (t) => {
  const { made, present, states, notesSoFar, waitFor } = await announcing(t, announce);
  made.start();
  await waitFor('the announcement', () => made.announcedName);
  present.order = { ...order, interfaces: ['lo', 'eth7'] };
  await waitFor('the other order', () => (states.length >= 2 ? true : undefined));
  present.order = { ...order, name: 'lab-8' };
  const notes = await waitFor('the third order', async () => {
    const lines = await notesSoFar();
    return lines.length >= 3 ? lines : undefined;
  });
  assert.deepEqual(notes, ['order lo', 'order lo,eth7', 'order lo']);
  assert.deepEqual(states[1], {
    kind: 'announced',
    name: 'lab-7 (2)',
    interfaces: ['lo', 'eth7'],
    by: 'own-responder',
  });
});

test('when the last interface goes the child says goodbye, and the next begins when one is back', async (t) => {
  const { made, present, states, notesSoFar, waitFor } = await announcing(t, announce);
  made.start();
  await waitFor('the announcement', () => made.announcedName);
  present.order = undefined;
  await waitFor('the failure', () => (states.at(-1)?.kind === 'failed' ? true : undefined));
  assert.equal(made.announcedName, undefined);
  present.order = order;
  await waitFor('the announcement', () => made.announcedName);
  assert.deepEqual(await notesSoFar(), ['order lo', 'goodbye', 'order lo']);
});

test('a child that does not answer in time is ended and another one is started', async (t) => {
  const { made, states, notesSoFar, waitFor } = await announcing(
    t,
    `note('start'); setInterval(() => 0, 1000);`,
    100,
    3_000,
  );
  made.start();
  await waitFor('another one', async () => ((await notesSoFar()).length >= 2 ? true : undefined));
  assert.deepEqual(states[0], { kind: 'failed', message: 'the announcer ended (SIGKILL)' });
});

test('without an interface nothing runs, and when one comes it is announced', async (t) => {
  const { made, present, states, notesSoFar, waitFor } = await announcing(t, announce);
  present.order = undefined;
  made.start();
  assert.equal(states[0]?.kind, 'failed');
  assert.deepEqual(await notesSoFar(), []);
  present.order = order;
  await waitFor('the announcement', () => made.announcedName);
});

test('an interface that comes is announced on at once, however long the wait after failures would still be', async (t) => {
  const { made, present, states, notesSoFar, waitFor } = await announcing(t, announce, 60_000);
  present.order = undefined;
  made.start();
  assert.equal(states[0]?.kind, 'failed');
  present.order = order;
  await waitFor('the announcement', () => made.announcedName);
  present.order = { ...order, interfaces: ['eth7'] };
  await waitFor('the other order', async () => ((await notesSoFar()).length >= 2 ? true : undefined));
  assert.deepEqual(await notesSoFar(), ['order lo', 'order eth7']);
});

test('stopping waits for the goodbye, and ends a child that says none by force', async (t) => {
  const polite = await announcing(t, announce);
  polite.made.start();
  await polite.waitFor('the announcement', () => polite.made.announcedName);
  await polite.made.stop();
  assert.equal((await polite.notesSoFar()).at(-1), 'goodbye');
  const stubborn = await announcing(
    t,
    `${announce.replace('process.exit(0)', '0')}; setInterval(() => 0, 1000);`,
  );
  stubborn.made.start();
  await stubborn.waitFor('the announcement', () => stubborn.made.announcedName);
  const startMs = performance.now();
  await stubborn.made.stop();
  assert.ok(performance.now() - startMs < 6_000);
});
