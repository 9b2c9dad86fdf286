import { until, withDeadline } from '../../../src/base/time';
import { buildBundles } from '../../../src/development/bundles';
import { benchPackages, requireSystemPackages } from '../../../src/development/system-packages';
import type { PrivateSystem } from '../../support/private-system';
import { createResults, writeReport } from '../report';
import { repetitions, runBenchmark, say } from '../run-benchmark';
import { counts, startHost, type Host } from './host';
import { compareProxies, startProxies } from './proxies';
import { compareSignIns, signInEverybody } from './sign-ins';
import { startSshd } from './ssh-sign-in';
import { noteAgents, noteHello, noteMemory, noteWebSockets, signOutEverybody } from './stages';

/** The agents of those who work, once those of the others have ended for want of use. */
async function agentsOfWorkers({ system, people }: Host): Promise<number[]> {
  return until(
    async () => {
      const agents = await agentsIn(system);
      return agents.length <= counts.workers ? agents : undefined;
    },
    withDeadline(180_000, `the end of the agents of ${people.length - counts.workers} people`),
    500,
  );
}

async function agentsIn(system: PrivateSystem): Promise<number[]> {
  const all = await system.processes();
  return all.filter(({ command }) => command.includes('agent --server')).map(({ pid }) => pid);
}

/** As after their grace time, which is ten minutes for those who worked; and waits until no connection is left. */
async function endAgents({ system, daemon }: Host): Promise<void> {
  for (const pid of await agentsIn(system)) process.kill(pid, 'SIGTERM');
  await until(
    async () =>
      (await agentsIn(system)).length === 0 && (await daemon.status()).connections === 0 ? true : undefined,
    withDeadline(120_000, 'the end of all agents and connections'),
    500,
  );
}

async function main(): Promise<void> {
  const ends: (() => Promise<void>)[] = [];
  const after = (end: () => Promise<void>) => void ends.unshift(end);
  try {
    await requireSystemPackages(benchPackages, say);
    if (process.env['REMOTE_KERNELS_DIST'] === undefined) await buildBundles(AbortSignal.timeout(120_000));
    const [signIns, processes, proxied] = [createResults(), createResults(), createResults()];
    say('a host with 200 accounts');
    const host = await startHost(after);
    await noteMemory(host, 'before', processes.add);

    say('200 people sign in');
    const first = await signInEverybody(host, signIns.add);
    processes.add('supervisor', { 'a sign-in: CPU, ms': first.supervisorMs });
    processes.add('front door', { 'a sign-in: CPU, ms': first.frontDoorMs });
    await noteMemory(host, '200 signed in', processes.add);

    say('50 of them stay');
    const agentPids = await agentsOfWorkers(host);
    await noteAgents(host, agentPids, processes.add);
    await noteHello(host, first.tokens, processes.add);
    say('50 kernels and WebSockets');
    await noteWebSockets(host, first.tokens, agentPids, processes.add);

    const sshPort = await startSshd(host.system);
    for (let repetition = 1; repetition <= repetitions; repetition += 1) {
      say(`sign-ins beside sshd, ${repetition} of ${repetitions}`);
      await compareSignIns(host, sshPort, signIns.add);
    }

    say('everybody leaves');
    await signOutEverybody(host, first.tokens);
    await endAgents(host);
    await noteMemory(host, 'all signed out', processes.add);

    const [person] = host.people;
    if (person === undefined) throw new Error('nobody is there');
    const { token } = await host.daemon.signedIn(person.name, person.password);
    const proxies = await startProxies(host, { ...person, token }, after);
    for (let repetition = 1; repetition <= repetitions; repetition += 1) {
      say(`front door and nginx, ${repetition} of ${repetitions}`);
      await compareProxies(proxies, proxied.add);
    }
    await noteMemory(host, 'after the proxies were compared', processes.add);

    const tables = [
      await writeReport(signIns.collected, ['Remote Kernels', 'sshd', 'Remote Kernels / sshd'], 'sign-in'),
      await writeReport(processes.collected, ['supervisor', 'front door', 'an agent'], 'many-users'),
      await writeReport(
        proxied.collected,
        ['front door', 'nginx', 'nginx with buffers', 'front door / nginx'],
        'proxies',
      ),
    ];
    process.stdout.write(tables.join('\n'));
  } finally {
    for (const end of ends) await end();
  }
}

runBenchmark(main);
