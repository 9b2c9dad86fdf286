import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildBundles } from '../../src/development/bundles';
import { daemonBundle } from '../support/daemon-bundle';
import { preparedEnvironment } from '../support/python-environments';
import { createTestHome } from '../support/test-home';
import { startSocketTarget, startTlsTarget } from './agent-target';
import { measureAgentStart, measureJupyterStart } from './cold-start';
import { createDirectTarget } from './direct-target';
import { startJupyterTarget } from './jupyter-target';
import {
  measureBridge,
  measureLatency,
  measureOpening,
  measureStoppedReader,
  measureTransfer,
  measureTwentyKernels,
  memoryOf,
} from './measures';
import { createResults, writeReport, type Results } from './report';
import { repetitions, runBenchmark, say } from './run-benchmark';
import { quantile } from './statistics';
import type { Ground, KernelName, Target } from './target';

async function prepareGround(after: (end: () => Promise<void>) => void): Promise<Ground> {
  const { home, environment } = await createTestHome({
    after: (end) => after(() => Promise.resolve((end as () => unknown)()).then(() => undefined)),
  });
  const { python } = await preparedEnvironment('jupyter');
  const argv: Record<KernelName, readonly string[]> = {
    'bench-costless': [python, join(__dirname, 'kernel', 'kernel.py'), '{connection_file}'],
    'bench-ipykernel': [python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
  };
  for (const [name, words] of Object.entries(argv)) {
    const folder = join(home, '.local/share/jupyter/kernels', name);
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'kernel.json'),
      JSON.stringify({ argv: words, display_name: name, language: 'python' }),
    );
  }
  return { home, environment, python, argv, daemonBundle: daemonBundle() };
}

/** One repetition of everything that needs a running target. */
async function measureTarget(target: Target, add: Results['add']): Promise<void> {
  const costless = await target.startKernel('bench-costless');
  const open = await costless.open();
  add(target.name, await measureBridge(costless, open));
  await open.client.close();
  add(target.name, await measureTransfer(costless));
  await costless.shutDown();
  const started = await target.startKernel('bench-ipykernel');
  const kernel = await started.open();
  const { pass, info } = await measureLatency(kernel);
  add(target.name, {
    'execute pass, p50, ms': quantile(pass, 0.5),
    'execute pass, p99, ms': quantile(pass, 0.99),
    'kernel_info, p50, ms': quantile(info, 0.5),
  });
  const opening = await measureOpening(started);
  add(target.name, {
    'opening until kernel_info, p50, ms': quantile(opening, 0.5),
    'opening, p99, ms': quantile(opening, 0.99),
  });
  const keeper = started.carriers[1];
  if (target.name === 'agent by socket' && keeper !== undefined) {
    const { residentBytes, ownBytes } = await memoryOf(keeper);
    add('keeper', { 'memory, MiB': residentBytes / 2 ** 20, 'memory of its own, MiB': ownBytes / 2 ** 20 });
  }
  add(target.name, await measureStoppedReader(kernel));
  await kernel.client.close();
  await started.shutDown();
}

async function main(): Promise<void> {
  const ends: (() => Promise<void>)[] = [];
  try {
    await buildBundles(AbortSignal.timeout(120_000));
    const ground = await prepareGround((end) => ends.unshift(end));
    const results = createResults();
    const { add } = results;
    const targets: Target[] = [createDirectTarget(ground)];
    for (const start of [
      () => startSocketTarget(ground),
      () => startTlsTarget(ground),
      () => startJupyterTarget(ground, { hasNagle: true }),
      () => startJupyterTarget(ground, { hasNagle: false }),
    ]) {
      const target = await start();
      targets.push(target);
      ends.unshift(() => target.close());
    }
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      for (const target of targets) {
        say(`repetition ${repetition + 1} of ${repetitions}: ${target.name}`);
        await measureTarget(target, add);
      }
      for (const target of targets.filter(
        ({ name }) => name === 'direct ZMQ' || name === 'agent by socket' || name === 'jupyter_server',
      )) {
        say(`repetition ${repetition + 1} of ${repetitions}: twenty kernels, ${target.name}`);
        add(target.name, await measureTwentyKernels(target));
      }
      add('agent by socket', await measureAgentStart(ground));
      add('jupyter_server', await measureJupyterStart(ground, 21_000 + repetition));
    }
    process.stdout.write(
      await writeReport(
        results.collected,
        targets.map(({ name }) => name),
      ),
    );
  } finally {
    for (const end of ends) await end();
  }
}

runBenchmark(main);
