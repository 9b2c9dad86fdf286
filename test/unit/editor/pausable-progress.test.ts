import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PausableProgress } from '../../../src/extension/editor/pausable-progress';
import { ManualClock } from '../hosts/manual-clock';

/** Progress, what of it was on the screen, and the clock. */
function stage() {
  const clock = new ManualClock();
  const screen: string[] = [];
  const show = () => {
    screen.push('shown');
    return { report: (message: string) => screen.push(message), hide: () => screen.push('hidden') };
  };
  return { clock, screen, progress: new PausableProgress({ show, logLink: '[Log]', clock }) };
}

test('what is over at once was never on the screen', () => {
  const { clock, screen, progress } = stage();
  progress.resume();
  progress.report('checking');
  clock.advance(200);
  progress.dispose();
  clock.advance(60_000);
  assert.deepEqual(screen, []);
});

test('the step is shown as it is by then, and each one after it', () => {
  const { clock, screen, progress } = stage();
  progress.resume();
  progress.report('looking');
  progress.report('checking');
  clock.advance(1000);
  progress.report('signing in');
  progress.dispose();
  assert.deepEqual(screen, ['shown', 'checking', 'signing in', 'hidden']);
});

test('the log is offered after ten seconds on the screen', () => {
  const { clock, screen, progress } = stage();
  progress.resume();
  progress.report('checking');
  clock.advance(11_000);
  progress.report('signing in');
  assert.deepEqual(screen, ['shown', 'checking', 'checking · [Log]', 'signing in · [Log]']);
});

test('a pause takes it away, and the time before does not count when it comes back', () => {
  const { clock, screen, progress } = stage();
  progress.resume();
  progress.report('checking');
  clock.advance(9000);
  progress.pause();
  clock.advance(3_600_000);
  progress.report('starting');
  assert.deepEqual(screen, ['shown', 'checking', 'hidden']);
  progress.resume();
  clock.advance(9000);
  assert.deepEqual(screen, ['shown', 'checking', 'hidden', 'shown', 'starting']);
  progress.resume();
  clock.advance(2000);
  assert.equal(screen.at(-1), 'starting · [Log]');
  progress.dispose();
  progress.dispose();
  assert.equal(screen.filter((entry) => entry === 'hidden').length, 2);
});

test('a pause before it was on the screen keeps it from there', () => {
  const { clock, screen, progress } = stage();
  progress.resume();
  progress.pause();
  clock.advance(60_000);
  assert.deepEqual(screen, []);
});
