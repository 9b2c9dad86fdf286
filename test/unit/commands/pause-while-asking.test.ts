import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  pauseWhileAsking,
  type ClosableInteraction,
} from '../../../src/extension/commands/connecting/pause-while-asking';
import type { SignInMethod } from '../../../src/protocol/front-door';
import type { KeyQuestion, Prompt } from '../../../src/extension/transports/transport';

const prompt: Prompt = { hostName: 'lab-7', kind: 'password', isSecret: true, canRemember: true };
const key = { hostName: 'lab-7' } as KeyQuestion;
const { signal } = new AbortController();

/** An attempt whose person answers when the test says so. */
function stage({ canChoose = false } = {}) {
  const answers: (() => void)[] = [];
  const wait = <T>(value: T) =>
    new Promise<T>((resolve) => {
      answers.push(() => resolve(value));
    });
  const screen = { isProgressShown: true, isBoxClosed: false };
  const interaction: ClosableInteraction = {
    confirmKey: () => wait(true),
    ask: () => wait({ value: 'secret', isToBeRemembered: false }),
    closeBox: () => (screen.isBoxClosed = true),
    ...(canChoose ? { chooseSignIn: () => wait<SignInMethod>('password') } : {}),
  };
  const asking = pauseWhileAsking(interaction, {
    pause: () => (screen.isProgressShown = false),
    resume: () => (screen.isProgressShown = true),
  });
  return { asking, screen, answer: () => answers.shift()?.() };
}

test('progress makes way for the question about the key, and comes back with its answer', async () => {
  const { asking, screen, answer } = stage();
  const confirmed = asking.confirmKey(key, signal);
  assert.equal(screen.isProgressShown, false);
  asking.onStep('checking-key');
  assert.equal(screen.isProgressShown, false);
  answer();
  assert.equal(await confirmed, true);
  assert.equal(screen.isProgressShown, true);
});

test('progress makes way for the choice of a way to sign in, where somebody can be asked for it', async () => {
  const { asking, screen, answer } = stage({ canChoose: true });
  const chosen = asking.chooseSignIn?.({ hostName: 'lab-7', methods: ['code', 'password'] }, signal);
  assert.equal(screen.isProgressShown, false);
  answer();
  assert.equal(await chosen, 'password');
  assert.equal(screen.isProgressShown, true);
  assert.equal('chooseSignIn' in stage().asking, false);
});

test('progress stays away while the host checks an answer in the box, and comes back when the host lets the person in', async () => {
  const { asking, screen, answer } = stage();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const asked = asking.ask(prompt, signal);
    asking.onStep('signing-in');
    assert.deepEqual(screen, { isProgressShown: false, isBoxClosed: false });
    answer();
    assert.deepEqual(await asked, { value: 'secret', isToBeRemembered: false });
    assert.deepEqual(screen, { isProgressShown: false, isBoxClosed: false });
  }
  asking.onStep('starting-agent');
  assert.deepEqual(screen, { isProgressShown: true, isBoxClosed: true });
});

test('a question that waits is not closed by a step of something else', () => {
  const { asking, screen } = stage();
  void asking.ask(prompt, signal);
  asking.onStep('reaching');
  assert.deepEqual(screen, { isProgressShown: false, isBoxClosed: false });
});

test('a question that ends with an error does not keep progress away', async () => {
  const { screen } = stage();
  const asking = pauseWhileAsking(
    {
      confirmKey: () => Promise.reject(new Error('the window closes')),
      ask: () => Promise.resolve(undefined),
      closeBox: () => undefined,
    },
    { pause: () => (screen.isProgressShown = false), resume: () => (screen.isProgressShown = true) },
  );
  await assert.rejects(asking.confirmKey(key, signal));
  assert.equal(screen.isProgressShown, true);
});
