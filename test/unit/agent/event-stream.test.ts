import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { openEventStream, whenAborted } from '../../../src/daemon/agent/http/event-stream';

const countTimers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('a stream for a client that went away before it began leaves no timer', () => {
  const before = countTimers();
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  openEventStream(response, AbortSignal.abort());
  assert.equal(countTimers(), before);
  const ending = new AbortController();
  openEventStream(new ServerResponse(new IncomingMessage(new Socket())), ending.signal);
  assert.equal(countTimers(), before + 1);
  ending.abort();
  assert.equal(countTimers(), before);
});

test('what is to be done when a signal aborts is done once, also when it has aborted already', () => {
  let calls = 0;
  const count = () => (calls += 1);
  whenAborted(AbortSignal.abort(), count);
  assert.equal(calls, 1);
  const ending = new AbortController();
  whenAborted(ending.signal, count);
  assert.equal(calls, 1);
  ending.abort();
  ending.abort();
  assert.equal(calls, 2);
});
