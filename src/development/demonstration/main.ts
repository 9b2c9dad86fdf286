import { createInterface } from 'node:readline';
import { toError } from '../../base/errors';
import { abortable } from '../../base/time';
import { buildBundles } from '../bundles';
import { pythonPackages, requireSystemPackages } from '../system-packages';
import { startDaemon, type RunningDaemon } from '../daemon-process';
import { openEditor } from './editors';
import { endAllButKernels } from './leftovers';
import { showMainJob } from './main-job';
import { preparePlaces, prepareExampleEnvironment, type Places } from './places';
import { Story, StoryEnded } from './story';

const usage = `Usage: npm start [-- --once]

Sets up what is missing, shows the main job in the terminal with a daemon on this machine, and opens an editor.

  --once   everything but the editor, then end
`;

/** The name under which the demonstration's host appears. */
const hostName = 'example host';

const print = (text: string) => process.stdout.write(text);

async function main(words: readonly string[]): Promise<number> {
  const isOnce = words.length === 1 && words[0] === '--once';
  if (words.length > 0 && !isOnce) {
    process.stderr.write(usage);
    return 64;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => stop.abort(new Error('ended by the person at the terminal')));
  }
  const story = new Story(print);
  let places: Places | undefined;
  let daemon: RunningDaemon | undefined;
  try {
    places = await setUp(story, stop.signal);
    story.chapter('The main job, by the code of the extension');
    const { environment } = places;
    daemon = await story.step(
      'starting the daemon',
      () => startDaemon({ name: hostName, environment }, stop.signal),
      ({ url }) => `daemon listens on ${url}, and announces itself on loopback only`,
    );
    await showMainJob(story, daemon, stop.signal);
    if (!isOnce) await showEditor(story, places, daemon, stop.signal);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return isOnce ? 130 : 0;
    if (!(error instanceof StoryEnded)) print(`  ✖ ${toError(error).message}\n`);
    return 1;
  } finally {
    await daemon?.end();
    if (places !== undefined) await tellWhatRemains(story, places.home);
  }
}

async function setUp(story: Story, signal: AbortSignal): Promise<Places> {
  story.chapter('Setting up');
  await story.step(
    'looking for packages of the system',
    () => requireSystemPackages(pythonPackages, (text) => story.say(text.trimEnd())),
    () => 'Python is here',
  );
  await story.step(
    'building',
    () => buildBundles(signal),
    (isBuilt) => (isBuilt ? 'extension and daemon built' : 'extension and daemon are built already'),
  );
  const places = await preparePlaces();
  await story.step(
    'making the example environment',
    () => prepareExampleEnvironment(places.home, signal),
    (prefix) => `example environment with ipykernel, numpy and matplotlib in ${prefix}`,
  );
  return places;
}

/** Resolves when the person closes the editor or ends the demonstration. */
async function showEditor(
  story: Story,
  places: Places,
  daemon: RunningDaemon,
  signal: AbortSignal,
): Promise<void> {
  story.chapter('The editor');
  const editor = await openEditor(story, places, signal);
  try {
    story.say(
      `There: "Connect to Remote", "${hostName}", check the fingerprint, and enter the pairing code:`,
    );
    story.say(`  fingerprint   ${(daemon.pin.match(/.{4}/g) ?? []).join(' ')}`);
    story.say(`  pairing code  ${await daemon.pair()}   (Enter makes a fresh one)`);
    story.say(
      'Then choose the kernel "example" in the notebook and run its cells. Ctrl-C here ends everything.',
    );
    const lines = createInterface({ input: process.stdin });
    lines.on('line', () => {
      void daemon.pair().then(
        (code) => story.say(`pairing code  ${code}`),
        (error: unknown) => story.say(`no code: ${toError(error).message}`),
      );
    });
    try {
      await abortable(editor.closed, signal);
    } finally {
      lines.close();
    }
  } finally {
    await editor.end();
  }
}

async function tellWhatRemains(story: Story, home: string): Promise<void> {
  const kernels = await endAllButKernels(home);
  for (const { name, pid } of kernels)
    story.say(`the kernel of ${name} goes on (process ${pid}); the next "npm start" finds it again`);
  if (kernels.length === 0) story.say('nothing of the demonstration runs any more');
}

// The client of the Jupyter protocol writes a line for each WebSocket that it opens.
globalThis.console.debug = () => undefined;

void main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${toError(error).message}\n`);
    process.exitCode = 70;
  },
);
