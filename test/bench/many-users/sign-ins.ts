import { join } from 'node:path';
import type { Person } from '../../integration/many-users/crowd';
import type { Sample } from '../measures';
import type { Results } from '../report';
import { quantile } from '../statistics';
import type { Host } from './host';
import { processorMs } from './process-measures';
import { signInBySsh } from './ssh-sign-in';

/** Signs in and gives how long that took, from the connection's start on. */
async function timeOf(signIn: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await signIn();
  return performance.now() - from;
}

/** Everybody signs in for the first time, one after the other; each of them gets an agent. Resolves with the tokens, in the order of people. */
export async function signInEverybody(
  { daemon, people, supervisorPid, frontDoorPid }: Host,
  add: Results['add'],
) {
  const tokens: string[] = [];
  const times: number[] = [];
  const before = [await processorMs(supervisorPid), await processorMs(frontDoorPid)] as const;
  for (const { name, password } of people)
    times.push(await timeOf(async () => tokens.push((await daemon.signedIn(name, password)).token)));
  const after = [await processorMs(supervisorPid), await processorMs(frontDoorPid)] as const;
  add('Remote Kernels', {
    'first sign-in, starts an agent, p50, ms': quantile(times, 0.5),
    'first sign-in, starts an agent, p99, ms': quantile(times, 0.99),
  });
  return {
    tokens,
    supervisorMs: (after[0] - before[0]) / people.length,
    frontDoorMs: (after[1] - before[1]) / people.length,
  };
}

type Way = readonly [name: string, signIn: (person: Person) => Promise<unknown>];

const sequential = 20;
const crowds = [8, 50] as const;

/** People whose agents run sign in again, beside sshd, in turns: one after the other, eight at once, fifty at once. */
export async function compareSignIns(host: Host, sshPort: number, add: Results['add']): Promise<void> {
  const ways: readonly Way[] = [
    ['Remote Kernels', ({ name, password }) => host.daemon.signedIn(name, password)],
    ['sshd', (person) => signInBySsh(sshPort, person)],
  ];
  const samples = new Map<string, Sample>(ways.map(([name]) => [name, {}]));
  const note = (name: string, sample: Sample) => samples.set(name, { ...samples.get(name), ...sample });
  const times = new Map<string, number[]>(ways.map(([name]) => [name, []]));
  for (const person of host.workers.slice(0, sequential))
    for (const [name, signIn] of ways) times.get(name)?.push(await timeOf(() => signIn(person)));
  for (const [name, values] of times)
    note(name, {
      'one at a time, p50, ms': quantile(values, 0.5),
      'one at a time, p99, ms': quantile(values, 0.99),
    });
  for (const count of crowds)
    for (const [name, signIn] of ways) {
      const from = performance.now();
      const all = await Promise.all(
        host.workers.slice(0, count).map((person) => timeOf(() => signIn(person))),
      );
      note(name, {
        [`${count} at once, all in, ms`]: performance.now() - from,
        [`${count} at once, p99, ms`]: quantile(all, 0.99),
      });
    }
  for (const [name, sample] of samples) add(name, sample);
  addRatio(samples.get('Remote Kernels'), samples.get('sshd'), 'Remote Kernels / sshd', add);
  add('PAM alone', { 'one at a time, p50, ms': quantile(await barePam(host), 0.5) });
}

/** For each metric of both, the one divided by the other. */
export function addRatio(
  one: Sample | undefined,
  other: Sample | undefined,
  name: string,
  add: Results['add'],
): void {
  for (const [metric, value] of Object.entries(one ?? {})) {
    const beside = other?.[metric];
    if (beside !== undefined) add(name, { [metric]: value / beside });
  }
}

/** What authentication and account management take in a process that is there already, for one of the same passwords. */
async function barePam({ system, workers }: Host): Promise<number[]> {
  const [person] = workers;
  if (person === undefined) throw new Error('nobody is there');
  const words = [join(__dirname, 'bare-pam.py'), 'remote-kernels', person.name, '20'];
  const text = await system.expect('/usr/bin/python3', words, {}, `${person.password}\n`);
  return text.trim().split('\n').map(Number);
}
