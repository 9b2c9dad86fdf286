import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { AnswersUnderWay } from '../../../src/daemon/front-door/answers-under-way';
import { until, withDeadline } from '../../../src/base/time';

test('an answer is under way until it is whole, and ending it twice counts once', () => {
  const answers = new AnswersUnderWay();
  const connection = new PassThrough();
  const first = answers.begin(connection);
  const second = answers.begin(connection);
  assert.equal(answers.size, 2);
  first.done();
  first.done();
  first.giveUp();
  assert.equal(answers.size, 1);
  assert.equal(answers.isAnswering(connection), true);
  second.done();
  assert.equal(answers.isAnswering(connection), false);
  assert.deepEqual([answers.size, first.signal.aborted, second.signal.aborted], [0, false, false]);
});

test('an answer that nobody can take is broken off, and the others of its connection go on', () => {
  const answers = new AnswersUnderWay();
  const connection = new PassThrough();
  const [first, second] = [answers.begin(connection), answers.begin(connection)];
  first.giveUp();
  assert.deepEqual([first.signal.aborted, second.signal.aborted, answers.size], [true, false, 1]);
});

test('a connection that closes breaks off all of its answers, also those that wait for another, and no answer elsewhere', async () => {
  const answers = new AnswersUnderWay();
  const [connection, other] = [new PassThrough(), new PassThrough()];
  const mine = [answers.begin(connection), answers.begin(connection)];
  const elsewhere = answers.begin(other);
  connection.destroy();
  await until(() => (answers.size === 1 ? true : undefined), withDeadline(30_000, 'the answers'));
  assert.deepEqual(
    mine.map(({ signal }) => signal.aborted),
    [true, true],
  );
  assert.equal(elsewhere.signal.aborted, false);
  for (const { done } of mine) done();
  assert.equal(answers.size, 1);
});

test('the end of the daemon breaks off everything', () => {
  const answers = new AnswersUnderWay();
  const all = [answers.begin(new PassThrough()), answers.begin(new PassThrough())];
  answers.giveUpAll();
  for (const { signal } of all) assert.equal((signal.reason as Error).name, 'AbortError');
});
