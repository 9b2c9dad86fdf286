import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { within } from '../../../src/base/time';

test('work within a deadline is ended by it and by the signal it is under', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    assert.equal(await within(1_000, 'a', undefined, () => Promise.resolve(42)), 42);
    const hanging = (signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    const late = within(1_000, 'the answer', undefined, hanging);
    mock.timers.tick(1_000);
    await assert.rejects(late, { name: 'TimeoutError', message: 'the answer: no answer within 1 s' });
    const controller = new AbortController();
    const ended = within(1_000, 'the answer', controller.signal, hanging);
    controller.abort(new Error('over'));
    await assert.rejects(ended, { message: 'over' });
  } finally {
    mock.timers.reset();
  }
});
