import assert from 'node:assert/strict';
import test from 'node:test';
import { commandIds } from '../../../src/extension/commands/ids';
import { connectionSentence } from '../../../src/extension/commands/connection-problems';
import { describeProblem } from '../../../src/extension/commands/describe-problem';
import { CommandProblem } from '../../../src/extension/commands/problem';
import {
  ConnectionError,
  connectionErrors,
  type ConnectionErrorCode,
} from '../../../src/extension/transports/transport';
import { WireError, wireErrors, type WireErrorCode } from '../../../src/protocol/errors';

const host = { id: 'h', name: 'lab-7' };
const place = { host, environmentName: 'analysis', environmentId: '0123456789abcdef' };
const facts = { address: '192.168.1.7:7443', userName: 'ada', retryAfterMs: 30_000, theirProtocol: '0.4' };
const codes = Object.keys(connectionErrors) as ConnectionErrorCode[];

test('every reason for a missing connection is a sentence that names the host, without codes and exclamation marks', () => {
  for (const code of codes) {
    const sentence = connectionSentence(new ConnectionError(code, 'ECONNREFUSED 13', facts), 'lab-7');
    assert.match(sentence, /lab-7/, code);
    assert.match(sentence, /[.?]$/, code);
    assert.doesNotMatch(sentence, /!|undefined|failed to|ECONN|\{\d\}/i, code);
  }
});

test('the sentences of the interface are kept', () => {
  const sentence = (code: ConnectionErrorCode) =>
    connectionSentence(new ConnectionError(code, '', facts), 'lab-7');
  assert.equal(sentence('no-answer'), 'lab-7 (192.168.1.7:7443) does not answer.');
  assert.equal(sentence('name-not-found'), 'No host named lab-7 was found on this network.');
  assert.equal(sentence('refused'), 'lab-7 did not accept the sign-in for ada.');
  assert.equal(sentence('too-many-attempts'), 'lab-7 asks to wait 30 s before the next sign-in.');
  assert.match(
    sentence('host-older'),
    /^The daemon on lab-7 \(0\.4\) is older than this extension needs \(1\.0\)\./,
  );
});

test('what the host says about an agent that is not available is told in its words, in one line', () => {
  const hostWords = 'the door cannot be opened: /run/x is a link;\nremove it with: rm -r /run/x';
  assert.equal(
    connectionSentence(new ConnectionError('agent-unavailable', '', { hostWords }), 'lab-7'),
    'lab-7 says: the door cannot be opened: /run/x is a link;␤remove it with: rm -r /run/x',
  );
  assert.equal(
    connectionSentence(new ConnectionError('agent-unavailable', ''), 'lab-7'),
    'Your agent on lab-7 could not be started or does not answer.',
  );
});

test('the time to wait is never told shorter than it is', () => {
  const times = [
    [1, '1 s'],
    [28_001, '29 s'],
    [60_000, '1 min'],
    [61_000, '2 min'],
    [119_000, '2 min'],
    [900_000, '15 min'],
  ] as const;
  for (const [retryAfterMs, words] of times) {
    const error = new ConnectionError('too-many-attempts', '', { retryAfterMs });
    assert.equal(connectionSentence(error, 'lab-7'), `lab-7 asks to wait ${words} before the next sign-in.`);
  }
});

test('a host that does not answer offers to retry, to edit it, and the log; a cancelled attempt says nothing', () => {
  const problem = describeProblem(new ConnectionError('no-answer', '', facts), { host });
  assert.deepEqual(
    problem?.remedies.map(({ title }) => title),
    ['Retry', 'Edit Host…', 'Show Log'],
  );
  assert.deepEqual(problem.remedies[0], {
    kind: 'command',
    title: 'Retry',
    command: commandIds.connect,
    target: { hostId: 'h' },
  });
  assert.equal(describeProblem(new ConnectionError('cancelled', ''), { host }), undefined);
  assert.equal(describeProblem(new DOMException('closed', 'AbortError'), { host }), undefined);
});

test('every refusal of the agent is a sentence for people', () => {
  for (const code of Object.keys(wireErrors) as WireErrorCode[]) {
    const problem = describeProblem(new WireError(code, 'the reason'), place);
    assert.ok(problem !== undefined, code);
    assert.doesNotMatch(problem.message, /!|undefined|\{\d\}/, code);
    assert.ok(!problem.message.includes(code) || !code.includes('-'), code);
  }
});

test('a missing ipykernel offers the exact command, and a kernel that did not start shows what it said', () => {
  const missing = describeProblem(
    new WireError('kernel-package-missing', '', { installCommand: 'conda install -p /x ipykernel' }),
    place,
  );
  assert.equal(missing?.message, 'The environment analysis on lab-7 has no ipykernel.');
  assert.deepEqual(missing.remedies[0], {
    kind: 'copy',
    title: 'Copy Command',
    text: 'conda install -p /x ipykernel',
  });
  const failed = describeProblem(
    new WireError('kernel-start-failed', '', {
      exitCode: 1,
      output: 'line\n\u001b[31mModuleNotFoundError: numpy\u001b[0m\n',
    }),
    place,
  );
  assert.equal(
    failed?.message,
    'The kernel in analysis on lab-7 did not start (exit code 1). It said: line ModuleNotFoundError: numpy',
  );
  assert.deepEqual(
    failed.remedies.map(({ title }) => title),
    ['Show Output', 'Choose Another'],
  );
  const listOnly = describeProblem(
    new WireError('kernel-package-missing', '', { environments: 'list' }),
    place,
  );
  assert.match(listOnly?.message ?? '', /the administrator of lab-7 allows only listing environments/);
  assert.deepEqual(
    listOnly?.remedies.map(({ title }) => title),
    ['Choose Another'],
  );
  const limit = describeProblem(new WireError('kernel-limit-reached', '', { limit: 5 }), place);
  assert.equal(limit?.message, 'lab-7 allows 5 kernels for a person, and you have 5.');
});

test('what nobody foresaw still names the host and offers the log', () => {
  const problem = describeProblem(new TypeError('x is not a function'), { host });
  assert.match(problem?.message ?? '', /lab-7/);
  assert.doesNotMatch(problem?.message ?? '', /not a function/);
  assert.deepEqual(
    problem?.remedies.map(({ title }) => title),
    ['Show Log'],
  );
});

test('a lost connection in the middle of a request says that kernels go on', () => {
  const lost = Object.assign(new Error('the host is not connected'), { code: 'lost' });
  assert.match(
    describeProblem(lost, { host })?.message ?? '',
    /lab-7 is not connected at the moment\. Its kernels go on/,
  );
});

test('a problem that a command throws is shown as it is', () => {
  const problem = { severity: 'warning', message: 'Open a notebook first.', remedies: [] } as const;
  assert.equal(describeProblem(new CommandProblem(problem), {}), problem);
});
