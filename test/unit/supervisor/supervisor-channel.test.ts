import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { createLogger, silentLogger } from '../../../src/base/logger';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { connectTo } from '../../../src/daemon/platform/sockets';
import { serveSupervisorChannel } from '../../../src/daemon/supervisor/supervisor-channel';
import {
  maxSupervisorMessageBytes,
  parseSupervisorResponse,
  type Supervisor,
  type SupervisorResponse,
} from '../../../src/protocol/supervisor';
import { temporaryFolder } from '../../support/temporary-folder';

const token = 't'.repeat(43);

/** A supervisor that knows no password and no token, and counts what it was asked; `hold` keeps it from answering. */
function strictSupervisor() {
  const counts = { signIn: 0, resume: 0, signOut: 0, aborted: 0 };
  const state = { isHolding: false, answer: undefined as SupervisorResponse | undefined };
  const refused = async (kind: 'signIn' | 'resume' | 'signOut', signal: AbortSignal) => {
    counts[kind] += 1;
    if (state.isHolding)
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          counts.aborted += 1;
          reject(new Error('aborted'));
        });
      });
    return { kind: 'refused' as const };
  };
  const supervisor: Supervisor = {
    signIn: async (_question, signal) =>
      state.answer?.kind === 'more' ? state.answer : await refused('signIn', signal),
    resume: (_question, signal) => refused('resume', signal),
    signOut: (_question, signal) => refused('signOut', signal),
  };
  return { supervisor, counts, state };
}

/** Opens channels over real sockets. */
async function channels(t: TestContext, supervisor: Supervisor, log = silentLogger) {
  const path = join(await temporaryFolder(t), 'channel');
  const accepted: Socket[] = [];
  const waiting: ((socket: Socket) => void)[] = [];
  const server = createServer((socket) => {
    const next = waiting.shift();
    if (next === undefined) accepted.push(socket);
    else next(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  return async () => {
    const served = new Promise<Socket>((resolve) => {
      const known = accepted.shift();
      if (known === undefined) waiting.push(resolve);
      else resolve(known);
    });
    const client = await connectTo(path, withDeadline(60_000, 'the channel'));
    const channel = serveSupervisorChannel(await served, supervisor, log);
    t.after(() => {
      channel.dispose();
      client.destroy();
    });
    const answers: SupervisorResponse[] = [];
    let rest = '';
    client.on('error', () => client.destroy());
    client.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        assert.ok(Buffer.byteLength(line) < maxSupervisorMessageBytes);
        answers.push(expectParsed(parseJson(line, parseSupervisorResponse)));
      }
    });
    return { client, channel, answers };
  };
}

const resume = (id: number) => `${JSON.stringify({ id, kind: 'resume', token })}\n`;

test('requests are answered with their numbers, however the bytes are cut', async (t) => {
  const { supervisor, counts } = strictSupervisor();
  const { client, answers } = await (await channels(t, supervisor))();
  const bytes = Buffer.from(
    [
      resume(7),
      `${JSON.stringify({ id: 8, kind: 'signIn', address: '192.0.2.1', credentials: { username: 'ädå', answers: ['ß'] } })}\n`,
      `${JSON.stringify({ id: 9, kind: 'signOut', token, isEverywhere: true })}\n`,
    ].join(''),
  );
  for (const byte of bytes) {
    client.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => answers.length === 3 || undefined, withDeadline(60_000, 'three answers'));
  assert.deepEqual(answers.map(({ id, kind }) => `${id} ${kind}`).sort(), [
    '7 refused',
    '8 refused',
    '9 refused',
  ]);
  assert.deepEqual(counts, { signIn: 1, resume: 1, signOut: 1, aborted: 0 });
  client.write(resume(7));
  await until(() => answers.length === 4 || undefined, withDeadline(60_000, 'the number again'));
});

const canary = 'canary-password-3141';
const faults: readonly [what: string, bytes: string | Buffer][] = [
  ['no JSON', `{"id":1,"${canary}\n`],
  ['an empty line', '\n'],
  ['a request without a number', `${JSON.stringify({ kind: 'resume', token })}\n`],
  ['a request that is not one of the three', '{"id":1,"kind":"startAgent","user":"ada"}\n'],
  ['a field too many', `${JSON.stringify({ id: 1, kind: 'resume', token, user: canary })}\n`],
  ['a token of another shape', '{"id":1,"kind":"resume","token":"../../etc/shadow"}\n'],
  ['a negative number', `${JSON.stringify({ id: -1, kind: 'resume', token })}\n`],
  ['a deep value', `${'['.repeat(4_000)}\n`],
  ['a line that is too long', `${'x'.repeat(maxSupervisorMessageBytes + 1)}\n`],
  ['a line without an end', 'x'.repeat(maxSupervisorMessageBytes + 1)],
  ['a megabyte', Buffer.alloc(1_000_000, 0x61)],
  ['random bytes', Buffer.concat([randomBytes(200), Buffer.from('\n')])],
];

for (const [what, bytes] of faults) {
  test(`${what} closes the channel, asks for nothing, and is not in the log`, async (t) => {
    const { supervisor, counts } = strictSupervisor();
    const lines: string[] = [];
    const log = createLogger((_level, line) => lines.push(line));
    const { client, channel } = await (await channels(t, supervisor, log))();
    client.write(bytes);
    client.write(resume(2));
    assert.notEqual(await channel.closed, '');
    assert.deepEqual(counts, { signIn: 0, resume: 0, signOut: 0, aborted: 0 });
    assert.equal(lines.length, 1);
    assert.ok(!lines.join().includes(canary));
  });
}

test('a number that is in use, and one request too many, close the channel and end what is under way', async (t) => {
  const { supervisor, counts, state } = strictSupervisor();
  state.isHolding = true;
  const open = await channels(t, supervisor);
  const twice = await open();
  twice.client.write(resume(1) + resume(2) + resume(1));
  assert.match(await twice.channel.closed, /twice/);
  assert.deepEqual([counts.resume, counts.aborted], [2, 2]);
  const many = await open();
  many.client.write(Array.from({ length: 257 }, (_, id) => resume(id)).join(''));
  assert.match(await many.channel.closed, /too many/);
  assert.deepEqual([counts.resume, counts.aborted], [258, 258]);
});

test('a front door that goes away ends what it asked for', async (t) => {
  const { supervisor, counts, state } = strictSupervisor();
  state.isHolding = true;
  const { client, channel } = await (await channels(t, supervisor))();
  client.write(resume(1));
  await until(() => counts.resume === 1 || undefined, withDeadline(60_000, 'the request'));
  client.end();
  assert.match(await channel.closed, /ended/);
  assert.equal(counts.aborted, 1);
});

test('prompts that are too long for the channel arrive shortened', async (t) => {
  const { supervisor, state } = strictSupervisor();
  const prompts = Array.from({ length: 10 }, () => ({ text: 'w'.repeat(1_000), echo: false }));
  state.answer = { id: 0, kind: 'more', prompts, conversation: 'c1' };
  const { client, answers } = await (await channels(t, supervisor))();
  const credentials = { username: 'ada', answers: [] };
  client.write(`${JSON.stringify({ id: 3, kind: 'signIn', address: '192.0.2.1', credentials })}\n`);
  await until(() => answers.length === 1 || undefined, withDeadline(60_000, 'the prompts'));
  const [answer] = answers;
  assert.equal(answer?.kind === 'more' ? answer.prompts.length : 0, 10);
});

/** A message of a front door that was taken over: right, half right or rubbish. */
function hostileMessage(id: number): Buffer {
  const texts = [
    () => resume(id),
    () => resume(id).slice(0, randomInt(1, 60)),
    () => resume(1).repeat(2),
    () => `{"id":${id},"kind":"start","uid":0}\n`,
    () => `{"id":${id},"kind":"resume","token":"${'A'.repeat(randomInt(0, 100))}"}\n`,
    () => `${JSON.stringify({ id, kind: 'signOut', token, isEverywhere: 'yes' })}\n`,
    () => `${'{"a":'.repeat(randomInt(1, 700))}\n`,
    () =>
      `${JSON.stringify({ id, kind: 'signIn', address: '192.0.2.1', credentials: { username: 'root', answers: [] } })}\n`,
    () => 'y'.repeat(randomInt(1, 10_000)),
    () => '\n\n\0\r\n',
    () => `{"__proto__":{"kind":"resume"},"id":${id}}\n`,
  ];
  if (id % 13 === 0) return randomBytes(randomInt(1, 6_000));
  return Buffer.from(texts[id % texts.length]?.() ?? '');
}

test('ten thousand messages of a front door that was taken over start nothing and leave the supervisor as it was', async (t) => {
  const { supervisor, counts } = strictSupervisor();
  const open = await channels(t, supervisor);
  let sent = 0;
  let closed = 0;
  let answered = 0;
  while (sent < 10_000) {
    const { client, channel, answers } = await open();
    const end = { isThere: false };
    void channel.closed.then(() => (end.isThere = true));
    for (let inChannel = 0; inChannel < 20 && !end.isThere; inChannel += 1) {
      if (!client.destroyed) client.write(hostileMessage((sent += 1)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.end();
    await channel.closed;
    closed += 1;
    answered += answers.length;
    assert.ok(answers.every(({ kind }) => kind === 'refused'));
    client.destroy();
  }
  assert.ok(sent >= 10_000 && closed > 1_000, `${sent} sent, ${closed} channels closed`);
  assert.ok(answered > 500 && counts.signIn > 0 && counts.resume > 500, `${answered} answered`);
  const { client, answers } = await open();
  client.write(resume(1));
  await until(() => answers.length === 1 || undefined, withDeadline(60_000, 'an answer after all that'));
});
