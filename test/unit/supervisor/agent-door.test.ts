import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { AgentDoor } from '../../../src/daemon/supervisor/agent-door';
import type { DoorRequest, EnvironmentRule } from '../../../src/protocol/agent';
import type { AgentAddress } from '../../../src/protocol/command-line';
import type { Door } from '../../../src/protocol/supervisor';
import { protocolVersion } from '../../../src/protocol/version';
import { temporaryFolder } from '../../support/temporary-folder';

const frontDoor = { daemonId: '0'.repeat(32), pin: '0'.repeat(64), port: 7443 };

async function door(
  t: TestContext,
  rule?: { value: EnvironmentRule },
  inTurn?: (open: () => Promise<Door>) => Promise<Door>,
) {
  const folder = join(await temporaryFolder(t), 'door');
  const clock = { nowMs: 0 };
  const asked: DoorRequest[] = [];
  const state: { fault: Error | undefined; stop: () => void; frontDoor: DoorRequest['frontDoor'] } = {
    fault: undefined,
    stop: () => undefined,
    frontDoor,
  };
  const openDoor = async (request: DoorRequest): Promise<AgentAddress> => {
    asked.push(request);
    if (state.fault !== undefined) throw state.fault;
    const socket = join(request.folder, `${asked.length}.sock`);
    const server = createServer((connection) => connection.destroy());
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    state.stop = () => server.close();
    t.after(() => server.close());
    return { protocol: protocolVersion, socket, agentId: 'a', startId: 's', pid: 7, started: true };
  };
  const made = new AgentDoor({
    folder,
    ...(rule === undefined ? {} : { environments: () => rule.value }),
    ...(inTurn === undefined ? {} : { inTurn }),
    frontDoor: () => state.frontDoor,
    openDoor,
    log: silentLogger,
    now: () => clock.nowMs,
  });
  return { made, asked, state, clock };
}

test('nothing is started until somebody needs the agent, and many who need it at once start one', async (t) => {
  const { made, asked } = await door(t);
  assert.equal(await made.find(), undefined);
  assert.equal(asked.length, 0);
  const found = await Promise.all([made.ensure(), made.ensure(), made.ensure()]);
  assert.equal(asked.length, 1);
  assert.deepEqual(found[0], found[2]);
  assert.match(found[0].doorKey, /^[A-Za-z0-9_-]{43}$/);
});

test('an agent that has gone is started again, behind the same key', async (t) => {
  const { made, asked, state } = await door(t);
  const first = await made.ensure();
  assert.equal(made.agentPid, 7);
  state.stop();
  assert.equal(await made.find(), undefined);
  const second = await made.ensure();
  assert.equal(asked.length, 2);
  assert.notEqual(second.socket, first.socket);
  assert.equal(second.doorKey, first.doorKey);
});

test('a start that fails is not repeated faster than the back-off allows', async (t) => {
  const { made, asked, state, clock } = await door(t);
  state.fault = new Error('no home');
  await assert.rejects(made.ensure(), /no home/);
  await assert.rejects(made.ensure(), /no home/);
  assert.equal(asked.length, 1);
  clock.nowMs += 700;
  await assert.rejects(made.ensure(), /no home/);
  assert.equal(asked.length, 2);
  clock.nowMs += 60_000;
  state.fault = undefined;
  await made.ensure();
  assert.equal(asked.length, 3);
});

test('a running agent is told when its user may do something else, once, and behind the same key', async (t) => {
  const rule = { value: 'administer' as EnvironmentRule };
  const { made, asked } = await door(t, rule);
  const first = await made.ensure();
  await made.ensure();
  rule.value = 'list';
  assert.equal(await made.findUpToDate(), undefined);
  const [second, third] = await Promise.all([made.ensure(), made.ensure()]);
  await made.ensure();
  assert.deepEqual(
    asked.map(({ environments }) => environments),
    ['administer', 'list'],
  );
  assert.deepEqual([second.doorKey, third.doorKey], [first.doorKey, first.doorKey]);
});

test('a rule that changes while the agent is being asked is told right after', async (t) => {
  const rule = { value: 'administer' as EnvironmentRule };
  const { made, asked } = await door(t, rule);
  const early = made.ensure();
  await until(() => (asked.length > 0 ? true : undefined), withDeadline(30_000, 'the first question'));
  rule.value = 'list';
  await Promise.all([early, made.ensure()]);
  assert.equal(asked.at(-1)?.environments, 'list');
  assert.notEqual(await made.findUpToDate(), undefined);
});

test('a running agent is told when the key of the host or its port is another one', async (t) => {
  const { made, asked, state } = await door(t);
  await made.ensure();
  for (const change of [{ pin: '1'.repeat(64) }, { port: 8443 }]) {
    state.frontDoor = { ...state.frontDoor, ...change };
    assert.equal(await made.findUpToDate(), undefined);
    await made.ensure();
    await made.ensure();
  }
  assert.deepEqual(
    asked.map((request) => request.frontDoor),
    [frontDoor, { ...frontDoor, pin: '1'.repeat(64) }, state.frontDoor],
  );
});

test('all who wait for the turn of an opening share it, and what is so when it comes is told', async (t) => {
  const rule = { value: 'administer' as EnvironmentRule };
  let give: () => void = () => assert.fail('nobody waits for a turn');
  const turns: (() => Promise<Door>)[] = [];
  const turn = new Promise<void>((resolve) => (give = resolve));
  const { made, asked } = await door(t, rule, async (open) => {
    turns.push(open);
    await turn;
    return open();
  });
  const giveUp = new AbortController();
  const [first, second, third] = [made.open(giveUp.signal), made.open(), made.ensure()];
  giveUp.abort(new Error('gone away'));
  await assert.rejects(first, /gone away/);
  await assert.rejects(made.open(giveUp.signal), /gone away/);
  rule.value = 'list';
  give();
  assert.deepEqual(await second, await third);
  assert.deepEqual(
    asked.map(({ environments }) => environments),
    ['list'],
  );
  assert.equal(turns.length, 1);
});

test('where nobody but the user decides, no rule is told', async (t) => {
  const { made, asked } = await door(t);
  await made.ensure();
  assert.equal('environments' in (asked[0] ?? {}), false);
});
