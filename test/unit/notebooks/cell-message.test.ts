import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCellMessage, type CellMessage } from '../../../src/extension/notebooks/outputs/cell-message';

function read(type: string, content: unknown): CellMessage {
  const header = { msg_id: 'm', msg_type: type, date: '', session: 's', username: 'u', version: '5.3' };
  return readCellMessage({ header: header as never, channel: 'iopub', content });
}

/** Every row of the table of messages, and what a careless kernel makes of it. */
const cases: readonly [what: string, type: string, content: unknown, expected: CellMessage][] = [
  ['busy', 'status', { execution_state: 'busy' }, { kind: 'status', state: 'busy' }],
  ['a state that is no text', 'status', { execution_state: {} }, { kind: 'status', state: '' }],
  [
    'the input',
    'execute_input',
    { code: '1', execution_count: 3 },
    { kind: 'execute-input', executionCount: 3 },
  ],
  [
    'an input without a number',
    'execute_input',
    { code: '1' },
    { kind: 'execute-input', executionCount: undefined },
  ],
  ['text', 'stream', { name: 'stdout', text: 'a' }, { kind: 'stream', name: 'stdout', text: 'a' }],
  ['error text', 'stream', { name: 'stderr', text: 'a' }, { kind: 'stream', name: 'stderr', text: 'a' }],
  [
    'a stream of another name',
    'stream',
    { name: 'log', text: 'a' },
    { kind: 'stream', name: 'stdout', text: 'a' },
  ],
  [
    'a display',
    'display_data',
    { data: { 'text/plain': 'a' }, metadata: { 'text/plain': {} }, transient: { display_id: 'd' } },
    {
      kind: 'display',
      bundle: { data: { 'text/plain': 'a' }, metadata: { 'text/plain': {} } },
      displayId: 'd',
    },
  ],
  [
    'a display without anything',
    'display_data',
    {},
    { kind: 'display', bundle: { data: {}, metadata: {} }, displayId: undefined },
  ],
  [
    'a result',
    'execute_result',
    { data: { 'text/plain': '1' }, metadata: {}, execution_count: 7 },
    {
      kind: 'result',
      bundle: { data: { 'text/plain': '1' }, metadata: {} },
      displayId: undefined,
      executionCount: 7,
    },
  ],
  [
    'an update of a display',
    'update_display_data',
    { data: { 'text/plain': 'b' }, metadata: {}, transient: { display_id: 'd' } },
    { kind: 'update-display', bundle: { data: { 'text/plain': 'b' }, metadata: {} }, displayId: 'd' },
  ],
  ['an update of nothing', 'update_display_data', { data: {} }, { kind: 'ignored' }],
  ['clearing at once', 'clear_output', { wait: false }, { kind: 'clear-output', isWaiting: false }],
  [
    'clearing with the next output',
    'clear_output',
    { wait: true },
    { kind: 'clear-output', isWaiting: true },
  ],
  [
    'an error',
    'error',
    { ename: 'ValueError', evalue: 'no', traceback: ['a', 'b'] },
    { kind: 'error', name: 'ValueError', value: 'no', traceback: ['a', 'b'] },
  ],
  [
    'an error without a traceback',
    'error',
    { ename: 'E', evalue: 5 },
    { kind: 'error', name: 'E', value: '5', traceback: [] },
  ],
  [
    'a question',
    'input_request',
    { prompt: 'Name? ', password: false },
    { kind: 'input-request', prompt: 'Name? ', isPassword: false },
  ],
  [
    'a question for a password',
    'input_request',
    { prompt: 'Password: ', password: true },
    { kind: 'input-request', prompt: 'Password: ', isPassword: true },
  ],
  [
    'comm messages',
    'comm_open',
    { comm_id: 'c', target_name: 'jupyter.widget', data: {} },
    { kind: 'ignored' },
  ],
  ['what is not known', 'something_else', { a: 1 }, { kind: 'ignored' }],
  ['content that is no object', 'stream', [1, 2], { kind: 'stream', name: 'stdout', text: '' }],
];

describe('a message of a kernel', () => {
  for (const [what, type, content, expected] of cases) {
    test(`is read: ${what}`, () => {
      assert.deepEqual(read(type, content), expected);
    });
  }

  test('is read: a reply with all it can ask for', () => {
    const reply = read('execute_reply', {
      status: 'ok',
      execution_count: 4,
      payload: [
        { source: 'set_next_input', text: 'x = 1', replace: true },
        { source: 'set_next_input', text: 'y = 1' },
        { source: 'page', data: { 'text/plain': 'help' }, start: 0 },
        { source: 'page', text: 'old help' },
        { source: 'edit_magic', filename: '/etc/passwd' },
      ],
    });
    assert.deepEqual(reply, {
      kind: 'reply',
      status: 'ok',
      executionCount: 4,
      payloads: [
        { kind: 'set-next-input', text: 'x = 1', isReplacing: true },
        { kind: 'set-next-input', text: 'y = 1', isReplacing: false },
        { kind: 'page', data: { 'text/plain': 'help' } },
        { kind: 'page', data: { 'text/plain': 'old help' } },
      ],
      errorName: undefined,
      errorValue: undefined,
    });
  });

  for (const [status, expected] of [
    ['ok', 'ok'],
    ['error', 'error'],
    ['abort', 'aborted'],
    ['aborted', 'aborted'],
  ] as const) {
    test(`is read: a reply that says ${status}`, () => {
      const reply = read('execute_reply', { status, ename: 'E', evalue: 'v' });
      assert.ok(reply.kind === 'reply');
      assert.equal(reply.status, expected);
      assert.equal(reply.errorName, 'E');
    });
  }
});
