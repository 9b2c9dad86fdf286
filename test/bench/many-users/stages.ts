import { delay } from '../../../src/base/time';
import { agentPaths } from '../../../src/protocol/agent';
import { jupyterChannelsPath, jupyterPaths, parseKernelModel } from '../../../src/protocol/jupyter';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { frontDoorPaths } from '../../../src/protocol/front-door';
import { Pool } from 'undici';
import { bearer } from '../../integration/front-door/front-door-under-test';
import { openWebSocket } from '../kernel-client';
import type { Results } from '../report';
import { quantile } from '../statistics';
import { kernelName, type Host } from './host';
import { processorMs, readProcess } from './process-measures';
import { forEachInTurn } from './turns';

const mebibyte = 2 ** 20;
const idleSeconds = 20;
const busySeconds = 15;
/** Each of the people who work asks this often. */
const askIntervalMs = 200;

/** Memory and open files of supervisor and front door at a moment of the run. */
export async function noteMemory(host: Host, when: string, add: Results['add']): Promise<void> {
  for (const [name, pid] of processesOf(host)) {
    const state = await readProcess(pid);
    add(name, {
      [`${when}: memory, MiB`]: state.proportionalBytes / mebibyte,
      [`${when}: open files`]: state.descriptors,
    });
  }
}

function processesOf({ supervisorPid, frontDoorPid }: Host) {
  return [
    ['supervisor', supervisorPid],
    ['front door', frontDoorPid],
  ] as const;
}

/** What of one processor supervisor, front door and the agents together take meanwhile, in milliseconds for each second. */
async function noteProcessor(
  host: Host,
  agentPids: readonly number[],
  when: string,
  add: Results['add'],
  meanwhile: () => Promise<void>,
): Promise<void> {
  const all = [...processesOf(host), ...agentPids.map((pid) => ['an agent', pid] as const)];
  const read = () => Promise.all(all.map(([, pid]) => processorMs(pid)));
  const [before, from] = [await read(), performance.now()];
  await meanwhile();
  const [after, seconds] = [await read(), (performance.now() - from) / 1000];
  const used = (wanted: string) =>
    all.reduce((sum, [name], at) => sum + (name === wanted ? (after[at] ?? 0) - (before[at] ?? 0) : 0), 0);
  for (const name of ['supervisor', 'front door', 'an agent'])
    add(name, {
      [`${when}: CPU, ms per s`]:
        used(name) / seconds / (name === 'an agent' ? Math.max(1, agentPids.length) : 1),
    });
}

/** The agents of those who work, which are alone once the others' have ended. */
export async function noteAgents(
  host: Host,
  agentPids: readonly number[],
  add: Results['add'],
): Promise<void> {
  const states = await Promise.all(agentPids.map(readProcess));
  const mean = (value: (state: (typeof states)[number]) => number) =>
    states.reduce((sum, state) => sum + value(state), 0) / states.length;
  const when = '200 signed in, 50 agents';
  add('an agent', {
    [`${when}: memory, MiB`]: mean(({ proportionalBytes }) => proportionalBytes) / mebibyte,
    [`${when}: open files`]: mean(({ descriptors }) => descriptors),
    [`${when}: resident memory, MiB`]: mean(({ residentBytes }) => residentBytes) / mebibyte,
  });
  await noteMemory(host, when, add);
  await noteProcessor(host, agentPids, `${when}, idle for ${idleSeconds} s`, add, () =>
    delay(idleSeconds * 1000),
  );
}

/** `hello` with every token of those who work and on one connection, and for some others, whose agents have to be started for it. */
export async function noteHello(host: Host, tokens: readonly string[], add: Results['add']): Promise<void> {
  const timesOf = async (some: readonly string[]) => {
    const times: number[] = [];
    for (const token of some) {
      const from = performance.now();
      const { status, text } = await host.daemon.ask('GET', agentPaths.hello, token);
      times.push(performance.now() - from);
      if (status !== 200) throw new Error(`hello: ${status} ${text}`);
    }
    return times;
  };
  const workers = tokens.slice(0, host.workers.length);
  await timesOf(workers);
  const fresh = await timesOf([...workers, ...workers]);
  const started = await timesOf(tokens.slice(host.workers.length, host.workers.length + 10));
  const pool = new Pool(`https://127.0.0.1:${host.daemon.port}`, {
    connections: 1,
    connect: { rejectUnauthorized: false },
  });
  const kept: number[] = [];
  for (const token of [...workers, ...workers]) {
    const from = performance.now();
    const { body } = await pool.request({ path: agentPaths.hello, method: 'GET', headers: bearer(token) });
    await body.text();
    kept.push(performance.now() - from);
  }
  await pool.close();
  add('front door', {
    'hello on an open connection, p50, ms': quantile(kept, 0.5),
    'hello on an open connection, p99, ms': quantile(kept, 0.99),
    'hello with a fresh connection, p50, ms': quantile(fresh, 0.5),
    'hello with a fresh connection, p99, ms': quantile(fresh, 0.99),
    'hello that starts the agent, p50, ms': quantile(started, 0.5),
  });
}

/** A kernel for each of those who work, and one WebSocket to it, by which its kernel is asked small things. */
export async function noteWebSockets(
  host: Host,
  tokens: readonly string[],
  agentPids: readonly number[],
  add: Results['add'],
): Promise<void> {
  const workers = tokens.slice(0, host.workers.length);
  const kernels: { token: string; client: Awaited<ReturnType<typeof openKernel>> }[] = [];
  await forEachInTurn(workers, 4, async (token) => {
    kernels.push({ token, client: await openKernel(host, token) });
  });
  const times: number[] = [];
  const when = `${kernels.length} WebSockets, ${Math.round((kernels.length * 1000) / askIntervalMs)} requests/s`;
  await noteProcessor(host, agentPids, when, add, async () => {
    const untilMs = performance.now() + busySeconds * 1000;
    await Promise.all(
      kernels.map(async ({ client }, at) => {
        await delay((at * askIntervalMs) / kernels.length);
        while (performance.now() < untilMs) {
          const from = performance.now();
          const { replyAt } = await client.request('shell', 'kernel_info_request', {});
          times.push(replyAt - from);
          await delay(Math.max(0, askIntervalMs - (performance.now() - from)));
        }
      }),
    );
  });
  await noteMemory(host, `${kernels.length} WebSockets`, add);
  add('front door', {
    'request over one of the WebSockets to its kernel, p50, ms': quantile(times, 0.5),
    'request over one of the WebSockets to its kernel, p99, ms': quantile(times, 0.99),
    'such requests answered in all': times.length,
  });
  for (const { client } of kernels) await client.close();
  await forEachInTurn(workers, 8, async (token) => {
    const { text } = await host.daemon.ask('GET', jupyterPaths.kernels, token);
    for (const { id } of JSON.parse(text) as { id: string }[])
      await host.daemon.ask('DELETE', `${jupyterPaths.kernels}/${id}`, token);
  });
}

async function openKernel({ daemon }: Host, token: string) {
  const { status, text } = await daemon.ask('POST', jupyterPaths.kernels, token, { name: kernelName });
  if (status !== 201) throw new Error(`the kernel did not start: ${status} ${text}`);
  const { id } = expectParsed(parseJson(text, parseKernelModel));
  const { client } = await openWebSocket(`wss://127.0.0.1:${daemon.port}${jupyterChannelsPath(id)}`, {
    rejectUnauthorized: false,
    headers: bearer(token),
  });
  await client.request('shell', 'kernel_info_request', {});
  return client;
}

/** Everybody signs out, of all sign-ins they have. */
export async function signOutEverybody({ daemon }: Host, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) {
    const { status } = await daemon.ask('POST', `${frontDoorPaths.signOut}?everywhere`, token);
    if (status !== 204) throw new Error(`sign-out: ${status}`);
  }
}
