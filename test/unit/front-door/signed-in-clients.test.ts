import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { mock, test, type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { SignedInClients } from '../../../src/daemon/front-door/signed-in-clients';
import type { Asker, Supervisor, SupervisorAnswer } from '../../../src/protocol/supervisor';

const door = { socket: '/run/door', doorKey: 'k'.repeat(43) };
const recheckIntervalMs = 60_000;
const origin = { source: '192.0.2.1', connection: 7 };

type ResumeAnswer = SupervisorAnswer<'resumed' | 'refused' | 'unavailable'>;

/** Clients over a supervisor of the test's making. Tokens are `<user>-<anything>`; time passes only by `pass`. */
function clientsOf(t: TestContext) {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const clock = { nowMs: 5_000 };
  const asked: string[] = [];
  const askers: Asker[] = [];
  const answers = new Map<string, () => Promise<ResumeAnswer>>();
  const resume: Supervisor['resume'] = ({ token }, _signal, asker) => {
    asked.push(token);
    if (asker !== undefined) askers.push(asker);
    const user = token.split('-')[0] ?? '';
    return (
      answers.get(token)?.() ??
      answers.get(user)?.() ??
      Promise.resolve({ kind: 'resumed', user, door } satisfies ResumeAnswer)
    );
  };
  const clients = new SignedInClients({ resume }, recheckIntervalMs, silentLogger, () => clock.nowMs);
  t.after(() => {
    clients.dispose();
    mock.timers.reset();
  });
  return {
    clients,
    asked,
    askers,
    answers,
    clock,
    /** A connection on which that token is used. */
    connect: async (token: string) => {
      await clients.find(token, origin);
      const socket = new Socket();
      clients.attach(token, socket);
      return socket;
    },
    pass: async (timeMs: number) => {
      for (let passedMs = 0; passedMs < timeMs; passedMs += 1_000) {
        clock.nowMs += 1_000;
        mock.timers.tick(1_000);
        await settle();
      }
    },
  };
}

const refused = () => Promise.resolve({ kind: 'refused' } as const);
const never = () => new Promise<never>(() => undefined);

test('an open connection on which nothing is asked is cut off within a minute and a half of the refusal', async (t) => {
  const { answers, connect, pass } = clientsOf(t);
  const [ada, other, bob] = [await connect('ada-1'), await connect('ada-2'), await connect('bob-1')];
  await pass(300_000);
  assert.deepEqual(
    [ada, other, bob].map(({ destroyed }) => destroyed),
    [false, false, false],
  );
  answers.set('ada', refused);
  await pass(1.5 * recheckIntervalMs);
  assert.deepEqual(
    [ada, other, bob].map(({ destroyed }) => destroyed),
    [true, true, false],
  );
});

test('an account that may not be used now loses its connections, and comes back with the same token', async (t) => {
  const { clients, answers, connect, pass } = clientsOf(t);
  const [ada, bob] = [await connect('ada-1'), await connect('bob-1')];
  answers.set('ada', () => Promise.resolve({ kind: 'unavailable', message: 'later', endsConnections: true }));
  answers.set('bob', () => Promise.resolve({ kind: 'unavailable', message: 'later' }));
  await pass(1.5 * recheckIntervalMs);
  assert.deepEqual([ada.destroyed, bob.destroyed], [true, false]);
  await assert.rejects(clients.find('ada-1', origin), /later/);
  answers.clear();
  assert.equal((await clients.find('ada-1', origin)).user, 'ada');
});

test('who is answered slowly, with however many connections, keeps nobody else from being cut off', async (t) => {
  const { answers, connect, pass, asked } = clientsOf(t);
  const slow: Socket[] = [];
  for (let index = 0; index < 300; index += 1) slow.push(await connect(`eve-${index}`));
  const ada = await connect('ada-1');
  answers.set('eve', never);
  answers.set('ada', refused);
  const before = asked.length;
  await pass(1.5 * recheckIntervalMs);
  assert.ok(ada.destroyed);
  assert.ok(slow.every(({ destroyed }) => !destroyed));
  assert.ok(asked.slice(before).filter((token) => token.startsWith('eve')).length <= 2, 'one at a time');
});

test('a clock of the machine that goes back makes no answer last longer', async (t) => {
  const { clients, answers, connect, pass } = clientsOf(t);
  const ada = await connect('ada-1');
  t.mock.method(Date, 'now', () => 1_600_000_000_000);
  answers.set('ada', refused);
  await pass(1.5 * recheckIntervalMs);
  assert.ok(ada.destroyed);
  await assert.rejects(clients.find('ada-1', origin), { code: 'unauthorized' });
});

test('while it cannot be found out connections stay, and nothing passes on an old answer', async (t) => {
  const { clients, answers, connect, pass } = clientsOf(t);
  const ada = await connect('ada-1');
  const unavailable = { kind: 'unavailable', message: 'the directory is down' } as const;
  answers.set('ada', () => Promise.resolve(unavailable));
  await pass(3 * recheckIntervalMs);
  assert.equal(ada.destroyed, false);
  await assert.rejects(clients.find('ada-1', origin), { code: 'agent-unavailable' });
  answers.set('ada', refused);
  await pass(1.5 * recheckIntervalMs);
  assert.ok(ada.destroyed);
});

test('a token without connections is forgotten and costs no question', async (t) => {
  const { clients, asked, connect, pass } = clientsOf(t);
  const ada = await connect('ada-1');
  ada.destroy();
  await settle();
  await pass(5 * recheckIntervalMs);
  assert.deepEqual(asked, ['ada-1']);
  await clients.find('ada-1', origin);
  assert.deepEqual(asked, ['ada-1', 'ada-1']);
});

test('when what is allowed has changed, everybody with open connections is asked about at once', async (t) => {
  const { clients, answers, connect, asked } = clientsOf(t);
  const [ada, other, bob] = [await connect('ada-1'), await connect('ada-2'), await connect('bob-1')];
  answers.set('ada', refused);
  const before = asked.length;
  clients.recheckAll();
  await settle();
  assert.deepEqual(
    [ada, other, bob].map(({ destroyed }) => destroyed),
    [true, true, false],
  );
  assert.deepEqual(asked.slice(before).sort(), ['ada-1', 'ada-2', 'bob-1']);
  await clients.find('bob-1', origin);
  assert.equal(asked.length, before + 3, 'the answer is remembered again');
});

test('an answer that was on its way when what is allowed changed is not believed', async (t) => {
  const { clients, answers, connect, pass } = clientsOf(t);
  const ada = await connect('ada-1');
  const early: { resolve: (answer: ResumeAnswer) => void } = { resolve: () => undefined };
  answers.set('ada', () => new Promise((resolve) => (early.resolve = resolve)));
  await pass(1.5 * recheckIntervalMs);
  clients.recheckAll();
  answers.set('ada', refused);
  early.resolve({ kind: 'resumed', user: 'ada', door });
  await settle();
  assert.ok(ada.destroyed);
});

/** A supervisor's answer about a token that comes when the test says so; `asked` counts the questions. */
function held(answers: Map<string, () => Promise<ResumeAnswer>>, token: string) {
  const waiting: ((answer: ResumeAnswer) => void)[] = [];
  const made = {
    asked: 0,
    answer: async (answer: ResumeAnswer) => {
      for (const resolve of waiting.splice(0)) resolve(answer);
      await settle();
    },
  };
  answers.set(token, () => {
    made.asked += 1;
    return new Promise((resolve) => waiting.push(resolve));
  });
  return made;
}

test('sign-outs with false tokens, also ones that are asked about, make nobody else be asked about again', async (t) => {
  const { clients, answers } = clientsOf(t);
  const [ada, stranger] = [held(answers, 'ada-1'), held(answers, 'false-1')];
  const found = clients.find('ada-1', origin);
  clients.find('false-1', origin).catch(() => undefined);
  for (let index = 0; index < 50; index += 1) {
    clients.remove('false-1', false);
    clients.remove(`false-${index}`, false);
  }
  await ada.answer({ kind: 'resumed', user: 'ada', door });
  assert.equal(ada.asked, 1);
  assert.equal((await found).user, 'ada');
  await stranger.answer({ kind: 'refused' });
  assert.equal(stranger.asked, 1);
});

test('an answer that was on its way when its own token was signed out is not believed', async (t) => {
  const { clients, answers } = clientsOf(t);
  const ada = held(answers, 'ada-1');
  const found = assert.rejects(clients.find('ada-1', origin), { code: 'unauthorized' });
  clients.remove('ada-1', false);
  answers.set('ada-1', refused);
  await ada.answer({ kind: 'resumed', user: 'ada', door });
  await found;
});

test('a sign-out everywhere makes answers on their way about that user be doubted, and those about others be believed', async (t) => {
  const { clients, answers } = clientsOf(t);
  await clients.find('ada-1', origin);
  const [ada, bob] = [held(answers, 'ada-2'), held(answers, 'bob-1')];
  const adas = assert.rejects(clients.find('ada-2', origin), { code: 'unauthorized' });
  const bobs = clients.find('bob-1', origin);
  clients.remove('ada-1', true);
  answers.set('ada-2', refused);
  await bob.answer({ kind: 'resumed', user: 'bob', door });
  await ada.answer({ kind: 'resumed', user: 'ada', door });
  await adas;
  assert.equal((await bobs).user, 'bob');
  assert.equal(bob.asked, 1);
});

test('a sign-out everywhere of a user who is not known yet lets no answer on its way about their other tokens pass', async (t) => {
  const { clients, answers } = clientsOf(t);
  const ada = held(answers, 'ada-2');
  const adas = assert.rejects(clients.find('ada-2', origin), { code: 'unauthorized' });
  clients.remove('ada-1', true);
  answers.set('ada-2', refused);
  await ada.answer({ kind: 'resumed', user: 'ada', door });
  await adas;
});

test('a token is asked about a few times and no more while what is allowed goes on changing', async (t) => {
  const { clients, answers } = clientsOf(t);
  const ada = held(answers, 'ada-1');
  const found = assert.rejects(clients.find('ada-1', origin), {
    code: 'agent-unavailable',
    message: /try again/,
  });
  for (let changes = 0; changes < 10; changes += 1) {
    clients.recheckAll();
    await ada.answer({ kind: 'resumed', user: 'ada', door });
  }
  await found;
  assert.equal(ada.asked, 4);
});

/** Lets everything run that waits for no time. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

test('for a token that nobody has looked at its source asks, from then on its user', async (t) => {
  const { clients, askers, pass, connect } = clientsOf(t);
  await connect('ada-1');
  await clients.find('ada-1', origin, true);
  await pass(recheckIntervalMs * 2);
  assert.deepEqual(
    askers.slice(0, 3).map(({ gone: _gone, ...asker }) => asker),
    [origin, { user: 'ada' }, { user: 'ada' }],
  );
  assert.deepEqual(
    [clients.askerOf('ada-1', origin), clients.askerOf('bob-1', origin)],
    [{ user: 'ada' }, origin],
  );
});

test('a question waits for room as long as anybody is there who wants to know', async (t) => {
  const { clients, askers, answers, connect } = clientsOf(t);
  answers.set('bob', never);
  const goneOf = (at: number) => askers.at(at)?.gone?.aborted;
  const [one, other] = [new AbortController(), new AbortController()];
  for (const { signal } of [one, other])
    clients.find('bob-1', { ...origin, gone: signal }).catch(() => undefined);
  assert.equal(askers.length, 1);
  one.abort();
  assert.equal(goneOf(0), false);
  other.abort();
  assert.equal(goneOf(0), true);

  // Who checks an open connection never goes.
  await connect('ada-1');
  answers.set('ada', never);
  const last = new AbortController();
  clients.recheckAll();
  clients.find('ada-1', { ...origin, gone: last.signal }).catch(() => undefined);
  last.abort();
  assert.equal(goneOf(-1), false);
});
