import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { abortable, until, withDeadline } from '../../../src/base/time';
import { exitCodes } from '../../../src/protocol/command-line';
import type { SupervisorResponse } from '../../../src/protocol/supervisor';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import {
  askAll,
  CapturedChannel,
  closedOf,
  captureFrontDoor,
  portOfLife,
  useCaptured,
} from './captured-front-door';
import {
  isOneRequest,
  malformations,
  pick,
  seeded,
  wellFormed,
  type Knowledge,
} from './captured-front-door-messages';
import { startSystemDaemon } from './system-daemon';

const timeout = 300_000;
const repository = resolve(import.meta.dirname, '..', '..', '..');

/** Both kinds together are what is sent to the supervisor's own classes; the whole daemon gets as many again of the second. */
const malformedCount = 6_000;
const wellFormedCount = 4_000;
const mebibyte = 1024 * 1024;

/** What a supervisor that has been flooded may hold more than before; its own memory at rest is about 60 MiB. */
const maxGrowthBytes = 96 * mebibyte;

/** Sign-ins that wait for a person's next answer, of one source and of Carol. */
const maxConversations = 17;

/** An account whose password has to be changed: PAM asks on, and its conversation waits. */
const carol = { name: 'carol', password: 'Carol-1990!x', next: 'Fresh-2031-zebra!' };

const passwordOf = (
  username: string,
  answers: readonly string[],
  address: string,
  conversation?: string,
) => ({
  kind: 'signIn',
  address,
  credentials: { username, answers, ...(conversation === undefined ? {} : { conversation }) },
});

function expectSignedIn(response: SupervisorResponse): Extract<SupervisorResponse, { kind: 'signedIn' }> {
  assert.equal(response.kind, 'signedIn', JSON.stringify(response));
  return response;
}

/** What an attack must leave as it was: processes beside the daemon's own, doors, and what an agent leaves in a home. */
async function tracesOfAgents(system: PrivateSystem): Promise<readonly string[]> {
  const running = (await system.processes()).filter(({ command }) =>
    /daemon\.js (agent|keeper)/.test(command),
  );
  const doors = await readdir(system.outside('/run/remote-kernels/users')).catch(() => []);
  const homes: string[] = [];
  for (const user of await readdir(system.outside('/home')))
    for (const name of await readdir(system.outside(`/home/${user}`)))
      if (name === '.local' || name === '.remote-kernels') homes.push(`${user}/${name}`);
  return [...running.map(({ pid, command }) => `${pid} ${command}`), ...doors, ...homes].sort();
}

async function residentBytes(pid: number): Promise<number> {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

/**
 * Open descriptors of the supervisor without those for its PAM children, of which no more wait for a person than it allows. Resolves when no
 * other child is there.
 */
async function restingDescriptors(system: PrivateSystem, pid: number): Promise<number> {
  const waiting = await until(
    async () => {
      const children = (await system.processes()).filter(({ command }) => command.endsWith('daemon.js pam'));
      return children.length <= maxConversations ? children.length : undefined;
    },
    withDeadline(90_000, 'the end of the checks'),
  );
  const perChild = 4;
  return (await readdir(`/proc/${pid}/fd`)).length - perChild * waiting;
}

function assertOnlyRefusals(requests: readonly object[], answers: readonly SupervisorResponse[]): string {
  const counts = new Map<string, number>();
  answers.forEach((answer, index) => {
    const { kind = '' } = requests[index] as { readonly kind?: string };
    // Who gives no password at all is asked for it.
    const allowed = kind === 'signIn' ? ['refused', 'wait', 'more'] : ['refused'];
    assert.ok(allowed.includes(answer.kind), `${JSON.stringify(requests[index])}: ${JSON.stringify(answer)}`);
    const key = `${kind} ${answer.kind}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  for (const key of ['signIn refused', 'signIn wait', 'resume refused', 'signOut refused'])
    assert.ok((counts.get(key) ?? 0) > 20, `${key} among ${JSON.stringify([...counts])}`);
  return [...counts].map(([key, count]) => `${key} ${count}`).join(', ');
}

function assertUnsaid(log: string, secrets: readonly string[]): void {
  for (const secret of secrets) assert.ok(!log.includes(secret), 'the log holds a secret');
}

/** The supervisor of the daemon in a process of root, and as many channels to it as a test wants. */
async function startDriver(system: PrivateSystem) {
  const child = system.spawn(
    system.nodePath,
    [
      ...['--import', 'tsx', join(import.meta.dirname, 'captured-front-door-driver.ts')],
      ...[system.programFile, '/run/channel.sock'],
    ],
    { folder: repository, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const said: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  if (child.stdout === null) throw new Error('the driver has no output');
  await once(child.stdout, 'data', { signal: withDeadline(60_000, 'the supervisor') });
  const { pid } = child;
  assert.ok(pid !== undefined);
  return {
    pid,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    words: () => Buffer.concat(said).toString(),
    open: async (t: TestContext) => {
      const socket = connect(system.outside('/run/channel.sock'));
      await once(socket, 'connect', { signal: withDeadline(30_000, 'a channel') });
      t.after(() => socket.destroy());
      return new CapturedChannel(socket).start();
    },
  };
}

test(
  'ten thousand messages of a captured front door start no agent, open no door, and end nothing but their channel',
  { timeout },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    await system.addAccount({ ...carol, mustChange: true });
    const driver = await startDriver(system);
    const door = await driver.open(t);
    const eve = expectSignedIn(await door.ask(passwordOf('eve', [people.eve], '203.0.113.1')));
    const asked = await door.ask(passwordOf(carol.name, [carol.password], '203.0.113.2'));
    assert.equal(asked.kind, 'more');
    const before = await tracesOfAgents(system);
    const descriptorsBefore = await restingDescriptors(system, driver.pid);
    const bytesBefore = await residentBytes(driver.pid);

    const knowledge: Knowledge = {
      random: seeded(20_001),
      tokens: [eve.token],
      conversations: [asked.conversation],
      canary: `canary-${randomBytes(6).toString('hex')}`,
    };
    const sent = { malformed: 0, wellFormed: 0 };
    const attack = async () => {
      while (sent.malformed < malformedCount) {
        sent.malformed += 1;
        const name = pick(knowledge.random, Object.keys(malformations));
        const bytes = malformations[name]?.(knowledge, sent.malformed) ?? '';
        assert.ok(!isOneRequest(bytes), `${name}: ${bytes.toString()}`);
        const channel = await driver.open(t);
        channel.write(bytes);
        await abortable(channel.closed, withDeadline(60_000, name));
        assert.deepEqual(channel.lines, [], `${name} was answered`);
        channel.dispose();
      }
    };
    const requests = Array.from({ length: wellFormedCount }, () => wellFormed(knowledge));
    const inOrder = askAll(door, requests, 150).then((answers) => {
      sent.wellFormed = answers.length;
      return answers;
    });
    const [answers] = await Promise.all([inOrder, ...Array.from({ length: 8 }, attack)]);
    assert.deepEqual(sent, { malformed: malformedCount, wellFormed: wellFormedCount });
    assert.equal(sent.malformed + sent.wellFormed, 10_000);
    t.diagnostic(
      `malformed: ${sent.malformed}, each ended its channel; ${assertOnlyRefusals(requests, answers)}`,
    );
    // The supervisor's words come by another pipe than the ends of the channels, and may come after them.
    const complaints = () => driver.words().match(/does not keep to the protocol/g)?.length ?? 0;
    await until(
      () => (complaints() >= malformedCount ? true : undefined),
      withDeadline(30_000, 'the complaints of the supervisor'),
    );
    assert.equal(complaints(), malformedCount, 'the supervisor counts as many');

    assert.ok(driver.isRunning());
    assert.deepEqual(await tracesOfAgents(system), before, 'nothing was started for anybody');
    assert.ok((await restingDescriptors(system, driver.pid)) <= descriptorsBefore + 5);
    const grownBytes = (await residentBytes(driver.pid)) - bytesBefore;
    t.diagnostic(`the supervisor holds ${Math.round(grownBytes / mebibyte)} MiB more than before`);
    assert.ok(grownBytes < maxGrowthBytes, `${grownBytes} bytes more`);
    const doorKey = eve.door.doorKey;
    assert.equal(door.lines.filter((line) => line.includes('doorKey')).length, 1, 'one door, that of eve');
    assertUnsaid(driver.words(), [knowledge.canary, eve.token, doorKey, carol.password, people.eve]);

    // Whose conversation it is can still finish it, and who was guessed at gets in from elsewhere.
    const source = '203.0.113.2';
    let { conversation } = asked;
    for (const answer of [carol.password, carol.next]) {
      const more = await door.ask(passwordOf(carol.name, [answer], source, conversation));
      assert.equal(more.kind, 'more', JSON.stringify(more));
      conversation = more.conversation;
    }
    const hers = await door.ask(passwordOf(carol.name, [carol.next], source, conversation));
    assert.equal(expectSignedIn(hers).user, carol.name);
    assert.equal(expectSignedIn(await door.ask(passwordOf('ada', [people.ada], '203.0.113.3'))).user, 'ada');
    assert.equal((await door.ask({ kind: 'resume', token: eve.token })).kind, 'resumed');
  },
);

test(
  'more at once than a channel bears, or without reading the answers, ends that channel alone',
  { timeout },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    const driver = await startDriver(system);
    const line = (id: number) => `${JSON.stringify({ id, kind: 'resume', token: 'T'.repeat(43) })}\n`;
    const flooding = await driver.open(t);
    flooding.write(Array.from({ length: 300 }, (_, index) => line(index)).join(''));
    await abortable(flooding.closed, withDeadline(60_000, 'the end of the flood'));
    assert.match(driver.words(), /too many requests are under way/);

    // One that asks for ever and reads nothing: what it could have read is bounded, so it is cut off.
    const bytesBefore = await residentBytes(driver.pid);
    const deaf = connect(system.outside('/run/channel.sock'));
    deaf.on('error', () => deaf.destroy());
    t.after(() => deaf.destroy());
    let written = 0;
    const cut = closedOf(deaf);
    while (!deaf.destroyed && written < 200_000) {
      const isFree = deaf.write(Array.from({ length: 100 }, (_, index) => line(written + index)).join(''));
      written += 100;
      const room = isFree ? undefined : new Promise<void>((resolve) => deaf.once('drain', () => resolve()));
      await abortable(Promise.race([cut, room]), withDeadline(60_000, 'room for more'));
    }
    await abortable(cut, withDeadline(60_000, 'the end of one that does not read'));
    assert.ok((await residentBytes(driver.pid)) - bytesBefore < maxGrowthBytes);
    const door = await driver.open(t);
    assert.equal(expectSignedIn(await door.ask(passwordOf('ada', [people.ada], '203.0.113.3'))).user, 'ada');
  },
);

test(
  'a program in the place of the front door of the whole daemon gets nothing, and the daemon goes on',
  { timeout },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    await captureFrontDoor(system);
    const daemon = await startSystemDaemon(system);
    const { pid, frontDoorPid } = await daemon.status();
    const uid = (await system.expect('id', ['-u', 'remote-kernels'])).trim();
    assert.ok((await readFile(`/proc/${frontDoorPid}/status`, 'utf8')).includes(`Uid:\t${uid}\t${uid}`));
    let life = 0;
    const openLife = async () =>
      new CapturedChannel(await useCaptured(await portOfLife(daemon, life), 'channel')).start();

    let door = await openLife();
    const eve = expectSignedIn(await door.ask(passwordOf('eve', [people.eve], '203.0.113.1')));
    const before = await tracesOfAgents(system);
    const descriptorsBefore = await restingDescriptors(system, pid);
    const bytesBefore = await residentBytes(pid);
    const knowledge: Knowledge = {
      random: seeded(20_002),
      tokens: [eve.token],
      conversations: [],
      canary: `canary-${randomBytes(6).toString('hex')}`,
    };
    const requests = Array.from({ length: wellFormedCount }, () => wellFormed(knowledge));
    const answers = await askAll(door, requests, 150);
    assert.equal(answers.length, wellFormedCount);
    t.diagnostic(assertOnlyRefusals(requests, answers));

    // Open files that come with a request are dropped by the system; 100 requests bring 300.
    const files = new CapturedChannel(
      await useCaptured(await portOfLife(daemon, life), 'descriptors'),
    ).start();
    const guesses = Array.from({ length: 100 }, () => ({ kind: 'resume', token: 'T'.repeat(43) }));
    const refused = await askAll(files, guesses, 20);
    assert.equal(refused.filter(({ kind }) => kind === 'refused').length, 100);
    assert.ok((await restingDescriptors(system, pid)) <= descriptorsBefore + 5);

    for (const name of ['an unknown kind', 'random bytes', 'a line without an end', 'a number twice']) {
      door.write(malformations[name]?.(knowledge, 1_000_000) ?? '');
      await abortable(door.closed, withDeadline(60_000, name));
      life += 1;
      door = await openLife();
    }
    assert.equal(daemon.words().match(/does not keep to the protocol/g)?.length, 4);
    assert.equal(daemon.child.exitCode, null);
    assert.equal((await daemon.status()).pid, pid, 'the same supervisor');
    assert.deepEqual(await tracesOfAgents(system), before, 'nothing was started for anybody');
    const grownBytes = (await residentBytes(pid)) - bytesBefore;
    t.diagnostic(`the supervisor holds ${Math.round(grownBytes / mebibyte)} MiB more than before`);
    assert.ok(grownBytes < maxGrowthBytes, `${grownBytes} bytes more`);

    const ada = expectSignedIn(await door.ask(passwordOf('ada', [people.ada], '203.0.113.3')));
    const resumed = await door.ask({ kind: 'resume', token: ada.token });
    assert.deepEqual(resumed.kind === 'resumed' ? resumed.door : resumed, ada.door);
    const secrets = [knowledge.canary, eve.token, eve.door.doorKey, ada.token, ada.door.doorKey, people.ada];
    assertUnsaid(daemon.words(), secrets);
    assertUnsaid(JSON.stringify(daemon.events), secrets);
    assert.equal(await daemon.end(), exitCodes.ok);
  },
);

test(
  'whatever a captured front door says of itself, the daemon goes on and starts another',
  { timeout },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    await captureFrontDoor(system);
    const daemon = await startSystemDaemon(system);
    const { pid } = await daemon.status();
    const bytesBefore = await residentBytes(pid);
    const event = (value: object) => `${JSON.stringify(value)}\n`;
    const port = await portOfLife(daemon, 0);

    const saying = await useCaptured(port, 'stdout');
    saying.write(event({ event: 'connections', all: 4711, signedIn: 0 }));
    await until(
      async () => ((await daemon.status()).connections === 4711 ? true : undefined),
      withDeadline(60_000, 'what it says of connections'),
    );
    const failed = event({ event: 'failed', message: '\u001b[2J\nroot signed in \u0000' });

    const nonsense: readonly [string, string][] = [
      ['events without end', event({ event: 'connections', all: 1, signedIn: 0 }).repeat(50_000)],
      ['that it failed again and again', failed.repeat(20)],
      ['no events', 'hello\n{"event":"granted"}\n{"event":"listening","port":70000,"hosts":[]}\n'.repeat(7)],
      ['a line that is too long', 'x'.repeat(mebibyte)],
      ['one without an end', '{"event":"connections","all":'.padEnd(10_000, ' ')],
    ];
    let life = 0;
    for (const [name, text] of nonsense) {
      const socket = await useCaptured(await portOfLife(daemon, life), 'stdout');
      socket.write(text);
      await abortable(closedOf(socket), withDeadline(60_000, name));
      life += 1;
      await portOfLife(daemon, life);
    }
    assert.equal(
      daemon.words().match(/root signed in/g)?.length,
      1,
      'nothing of it after the first is taken',
    );
    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    assert.doesNotMatch(daemon.words(), /[\u0000\u001b]|^root signed in/m);

    // One that outlives the process which the supervisor knew is not there any more when the next one starts.
    const old = await portOfLife(daemon, life);
    await useCaptured(old, 'linger');
    const ghost = closedOf(await useCaptured(old, 'stdout'));
    const { frontDoorPid } = await daemon.status();
    assert.ok(frontDoorPid !== undefined);
    process.kill(frontDoorPid, 'SIGKILL');
    life += 1;
    const next = await portOfLife(daemon, life);
    await abortable(ghost, withDeadline(60_000, 'the end of one that is no front door'));
    const door = new CapturedChannel(await useCaptured(next, 'channel')).start();
    assert.equal(expectSignedIn(await door.ask(passwordOf('ada', [people.ada], '203.0.113.3'))).user, 'ada');
    const status = await daemon.status();
    assert.equal(status.connections, 0);
    assert.equal(status.pid, pid, 'the same supervisor');
    assert.ok((daemon.words().match(/something that is no event/g)?.length ?? 0) <= 3 * 21);
    assert.ok((await residentBytes(pid)) - bytesBefore < maxGrowthBytes);
    assert.equal(await daemon.end(), exitCodes.ok);
  },
);
