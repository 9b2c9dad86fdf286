import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { SupervisorClient } from '../../../src/daemon/front-door/supervisor-client';
import { withDeadline } from '../../../src/base/time';
import { maxSupervisorMessageBytes, maxSupervisorRequests } from '../../../src/protocol/supervisor';

const token = 'T'.repeat(43);
const resume = { kind: 'resume', token } as const;

/** A client whose other end is the test. */
function createClient() {
  const sent: { readonly id: number; readonly kind: string }[] = [];
  const channel = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      sent.push(JSON.parse(chunk.toString()) as { id: number; kind: string });
      done();
    },
  });
  const client = new SupervisorClient(channel);
  const lost: string[] = [];
  client.onLost(({ message }) => lost.push(message));
  client.start();
  const answer = (value: object) => channel.push(`${JSON.stringify(value)}\n`);
  return { client, channel, sent, lost, answer };
}

test('answers find their questions in any order', async () => {
  const { client, sent, answer } = createClient();
  const signal = withDeadline(60_000, 'the answers');
  const first = client.resume(resume, signal);
  const second = client.signOut({ kind: 'signOut', token, isEverywhere: true }, signal);
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ['resume', 'signOut'],
  );
  answer({ id: sent[1]?.id, kind: 'signedOut', tokens: 2 });
  answer({ id: sent[0]?.id, kind: 'refused' });
  assert.deepEqual(await second, { kind: 'signedOut', tokens: 2 });
  assert.deepEqual(await first, { kind: 'refused' });
  client.dispose();
});

test('what is no answer to a question ends the channel and every question', async () => {
  const cases: (readonly [string, string])[] = [
    ['no JSON', 'hello\n'],
    ['no answer', '{"id":1,"kind":"granted"}\n'],
    ['an answer to another question', '{"id":7,"kind":"refused"}\n'],
    ['an answer of another kind', '{"id":1,"kind":"signedOut","tokens":1}\n'],
    ['a line that is too long', 'x'.repeat(maxSupervisorMessageBytes)],
  ];
  for (const [name, text] of cases) {
    const { client, channel, lost } = createClient();
    const asked = client.resume(resume, withDeadline(60_000, name));
    channel.push(text);
    await assert.rejects(asked, /supervisor/, name);
    assert.equal(lost.length, 1, name);
    await assert.rejects(client.resume(resume, withDeadline(60_000, name)), /supervisor/, name);
  }
});

test('a question ends with its signal, and its late answer harms nobody', async () => {
  const { client, sent, lost, answer } = createClient();
  const controller = new AbortController();
  const asked = client.resume(resume, controller.signal);
  controller.abort(new Error('went away'));
  await assert.rejects(asked, /went away/);
  answer({ id: sent[0]?.id, kind: 'refused' });
  const next = client.resume(resume, withDeadline(60_000, 'the next answer'));
  answer({ id: sent[1]?.id, kind: 'refused' });
  assert.deepEqual(await next, { kind: 'refused' });
  assert.deepEqual(lost, []);
  client.dispose();
});

test('a sign-in that does not fit into a message is refused without being sent', async () => {
  const { client, sent } = createClient();
  const credentials = { username: 'ada', answers: ['ä'.repeat(1024), 'ä'.repeat(1024)] };
  const question = { kind: 'signIn', address: '192.0.2.1', credentials } as const;
  assert.deepEqual(await client.signIn(question, withDeadline(60_000, 'the answer')), { kind: 'refused' });
  assert.deepEqual(sent, []);
  client.dispose();
});

test('strangers cannot ask for more than the channel bears, and leave room for others', async () => {
  const { client, sent, answer } = createClient();
  const { signal } = new AbortController();
  const signIn = (address: string) => {
    const credentials = { username: 'ada', answers: ['guess'] };
    return client.signIn({ kind: 'signIn', address, credentials }, signal);
  };
  const attempts = Array.from({ length: 500 }, (_, index) => signIn(`192.0.2.${index % 5}`));
  const sentOfStrangers = sent.length;
  assert.ok(
    sentOfStrangers > 100 && sentOfStrangers < maxSupervisorRequests / 1.5,
    `${sentOfStrangers} sent`,
  );
  const mine = signIn('198.51.100.1');
  assert.equal(sent.length, sentOfStrangers + 1, 'a sign-in from elsewhere is asked');
  const resumed = Array.from({ length: 300 }, (_, index) =>
    client.resume(resume, signal, { user: `user ${index % 100}` }),
  );
  assert.ok(sent.length < maxSupervisorRequests, `${sent.length} under way`);

  // Each answer lets the next one through, and at the end all were asked but the strangers that had to wait.
  for (let at = 0; at < sent.length; at += 1) {
    answer({ id: sent[at]?.id, kind: 'refused' });
    assert.ok(sent.length - at <= maxSupervisorRequests);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(sent.length, sentOfStrangers + 1 + 300);
  const answers = await Promise.all(attempts);
  assert.equal(answers.filter(({ kind }) => kind === 'wait').length, 500 - sentOfStrangers);
  assert.deepEqual(await mine, { kind: 'refused' });
  assert.ok((await Promise.all(resumed)).every(({ kind }) => kind === 'refused'));
  assert.deepEqual(await askedAgain(client, answer, sent), { kind: 'refused' });
  client.dispose();
});

test('who waits for room is told when the channel is lost or they go away', async () => {
  const { client, channel } = createClient();
  const { signal } = new AbortController();
  const asked = Array.from({ length: 100 }, () => client.resume(resume, signal));
  const leaving = new AbortController();
  const left = client.resume(resume, leaving.signal);
  leaving.abort(new Error('went away'));
  await assert.rejects(left, /went away/);
  channel.push(null);
  for (const one of asked) await assert.rejects(one, /channel/);
});

/** All room has been given back: one source finds as much of it as at the beginning. */
async function askedAgain(
  client: SupervisorClient,
  answer: (value: object) => void,
  sent: readonly { readonly id: number }[],
) {
  const credentials = { username: 'ada', answers: ['guess'] };
  const { signal } = new AbortController();
  const asking = client.signIn({ kind: 'signIn', address: '192.0.2.1', credentials }, signal);
  answer({ id: sent.at(-1)?.id, kind: 'refused' });
  return asking;
}
