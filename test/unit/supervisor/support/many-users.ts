import { join } from 'node:path';
import { mock, type TestContext } from 'node:test';
import { expectParsed } from '../../../../src/base/parse';
import { createLogger } from '../../../../src/base/logger';
import { parseSystemConfiguration } from '../../../../src/daemon/configuration/system-configuration';
import type { Account } from '../../../../src/daemon/supervisor/account';
import type {
  CredentialAnswer,
  CredentialQuestion,
} from '../../../../src/daemon/supervisor/credential-checker';
import { ManyUsersSupervisor } from '../../../../src/daemon/supervisor/many-users-supervisor';
import { openTokenStore, tokenLifetimesOf } from '../../../../src/daemon/supervisor/token-store';
import type { EnvironmentRule } from '../../../../src/protocol/agent';
import type { Door } from '../../../../src/protocol/supervisor';
import { temporaryFolder } from '../../../support/temporary-folder';

/** An account as the system would describe it. */
export function account(name: string, changes: Partial<Account> = {}): Account {
  return {
    name,
    uid: 1000,
    gid: 1000,
    home: `/home/${name}`,
    shell: '/bin/bash',
    groups: [name],
    ...changes,
  };
}

/** A question with a password. */
export function passwordOf(username: string, password: string, address = '192.0.2.1', conversation?: string) {
  const credentials = {
    username,
    answers: [password],
    ...(conversation === undefined ? {} : { conversation }),
  };
  return { kind: 'signIn' as const, address, credentials };
}

/**
 * A supervisor over a machine of the test's making: accounts in a map, passwords as `right`, agents that only count. Time passes only by `pass`,
 * also for refusals, which otherwise take seconds.
 */
export async function supervisorOf(
  t: TestContext,
  accounts: readonly Account[],
  configuration: Record<string, unknown> = {},
) {
  const file = join(await temporaryFolder(t), 'sign-ins.json');
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const clock = { nowMs: 0 };
  const wall = () => 1_700_000_000_000 + clock.nowMs;
  const lines: string[] = [];
  const log = createLogger((_level, line) => lines.push(line));
  const machine = new Map(accounts.map((one) => [one.name, one]));
  const asked: CredentialQuestion[] = [];
  const standingAsked: string[] = [];
  const standingAddresses: string[] = [];
  const ended: string[] = [];
  const locked = new Set<string>();
  const barred = new Set<string>();
  const barredAddresses = new Set<string>();
  const agentsAsked: Account[] = [];
  const rulesTold: EnvironmentRule[] = [];
  const state = {
    /** What the checker answers; by default `accepted` for the answer `right`. */
    answer: undefined as
      ((question: CredentialQuestion, conversation?: string) => Promise<CredentialAnswer>) | undefined,
    agentFault: undefined as Error | undefined,
    whileAgentStarts: undefined as (() => void) | undefined,
    lookupFault: undefined as Error | undefined,
  };
  const decide = (question: CredentialQuestion, conversation?: string): Promise<CredentialAnswer> => {
    asked.push(question);
    if (state.answer !== undefined) return state.answer(question, conversation);
    const isRight = question.answers.at(-1) === 'right' && machine.has(question.username);
    return Promise.resolve(
      isRight
        ? { kind: 'accepted', username: question.username }
        : { kind: 'refused', reason: 'the password is wrong' },
    );
  };
  const parsed = expectParsed(parseSystemConfiguration(configuration));
  const tokens = await openTokenStore(file, tokenLifetimesOf(parsed), wall, log);
  t.after(() => tokens.dispose());
  const door: Door = { socket: '/run/door', doorKey: 'k'.repeat(43) };
  const lookUp = (found: Account | undefined) =>
    state.lookupFault === undefined ? Promise.resolve(found) : Promise.reject(state.lookupFault);
  const supervisor = new ManyUsersSupervisor({
    accounts: {
      byName: (name) => lookUp(machine.get(name)),
      byUid: (uid) => lookUp([...machine.values()].find((one) => one.uid === uid)),
    },
    credentials: {
      begin: (question) => decide(question),
      continue: (conversation, question) => decide(question, conversation),
      checkAccount: (username, address) => {
        standingAsked.push(username);
        standingAddresses.push(address);
        return Promise.resolve(
          barred.has(username) || barredAddresses.has(address)
            ? { kind: 'refused', reason: 'there is maintenance', canPass: true }
            : locked.has(username)
              ? { kind: 'refused', reason: 'the account is locked' }
              : { kind: 'accepted', username },
        );
      },
      end: (conversation) => ended.push(conversation),
    },
    tokens,
    agents: {
      ensure: (one, rule) => {
        agentsAsked.push(one);
        rulesTold.push(rule);
        state.whileAgentStarts?.();
        return state.agentFault === undefined ? Promise.resolve(door) : Promise.reject(state.agentFault);
      },
      forgetUnused: () => undefined,
    },
    configuration: parsed,
    readShells: () => Promise.resolve(new Set(['/bin/bash', '/bin/sh'])),
    log,
    now: () => clock.nowMs,
    random: () => 0.5,
  });
  const { signal } = new AbortController();

  /** Lets time pass in small steps, so that what waits for one thing can wait for the next. */
  const pass = async (timeMs: number) => {
    for (let passedMs = 0; passedMs < timeMs; passedMs += 250) {
      await settle();
      clock.nowMs += 250;
      mock.timers.tick(250);
    }
    await settle();
  };
  /** Signs in, with as much time as it takes; also says how long that was. */
  const signIn = async (question: Parameters<ManyUsersSupervisor['signIn']>[0]) => {
    const beganMs = clock.nowMs;
    const end = { isThere: false };
    const answering = supervisor.signIn(question, signal).finally(() => (end.isThere = true));
    answering.catch(() => undefined);
    await settle();
    for (let steps = 0; !end.isThere && steps < 100; steps += 1) await pass(250);
    const answer = await answering;
    return { answer, tookMs: clock.nowMs - beganMs };
  };
  return {
    supervisor,
    machine,
    state,
    asked,
    standingAsked,
    standingAddresses,
    ended,
    locked,
    barred,
    barredAddresses,
    agentsAsked,
    rulesTold,
    lines,
    tokens,
    clock,
    pass,
    signIn,
    signal,
  };
}

/** Lets everything run that waits for no time. Files are among it, so it takes some turns. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
