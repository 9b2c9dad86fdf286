import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { preparedCodeServer } from '../code-server';
import { startEditor } from '../editor-server';
import { packExtension } from '../packaging/extension-package';
import { pathExists } from '../paths';
import { runCommand } from '../run-command';
import { editorPackages, requireSystemPackages } from '../system-packages';
import type { Places } from './places';
import type { Story } from './story';

/** Nothing of the demonstration leaves the machine, the search for hosts included. */
const settings = { 'remoteKernels.discovery.onThisMachineOnly': true };

/** An editor that the person looks at. */
export interface OpenEditor {
  /** Resolves when the person closes it; never for one in the browser. */
  readonly closed: Promise<void>;
  end(): Promise<void>;
}

/** Opens VS Code when `code` is on the PATH, otherwise code-server for the browser, with the extension installed and the example open. */
export async function openEditor(story: Story, places: Places, signal: AbortSignal): Promise<OpenEditor> {
  const folder = await mkdtemp(join(tmpdir(), 'remote-kernels-start-'));
  try {
    const extension = join(folder, 'remote-kernels.vsix');
    await story.step(
      'packing the extension',
      () => packExtension(extension),
      () => 'extension packed',
    );
    const code = await findOnPath('code');
    if (code === undefined) return await openCodeServer(story, places, extension, signal);
    return await openDesktopEditor(story, places, code, extension, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openCodeServer(
  story: Story,
  places: Places,
  extension: string,
  signal: AbortSignal,
): Promise<OpenEditor> {
  const codeServer = await story.step(
    'installing code-server',
    async () => {
      await requireSystemPackages(editorPackages, (text) => story.say(text.trimEnd()));
      return preparedCodeServer(signal);
    },
    () => 'code-server is installed (VS Code in the browser; a few minutes the first time)',
  );
  const editor = await story.step(
    'starting the editor',
    () =>
      startEditor(
        {
          codeServer,
          folder: places.editor,
          workspace: places.workspace,
          extension,
          environment: places.environment,
          settings,
        },
        signal,
      ),
    () => 'editor started',
  );
  const address = new URL(editor.url);
  address.searchParams.set('folder', places.workspace);
  // The editor opens the file by itself with the window.
  address.searchParams.set(
    'payload',
    JSON.stringify([['openFile', `vscode-remote://${address.host}${places.notebook}`]]),
  );
  story.say(`Open in a browser on this machine: ${address.href}`);
  return { closed: new Promise<void>(() => undefined), end: () => editor.end() };
}

async function openDesktopEditor(
  story: Story,
  places: Places,
  code: string,
  extension: string,
  signal: AbortSignal,
): Promise<OpenEditor> {
  const own = [
    '--user-data-dir',
    join(places.editor, 'desktop'),
    '--extensions-dir',
    join(places.editor, 'desktop-extensions'),
  ];
  const user = join(places.editor, 'desktop', 'User');
  await mkdir(user, { recursive: true });
  await writeFile(join(user, 'settings.json'), JSON.stringify(settings, null, 2));
  await story.step(
    'installing the extension into VS Code',
    () =>
      runCommand(code, [...own, '--install-extension', extension, '--force'], { timeoutMs: 120_000, signal }),
    () => 'extension installed into a VS Code with folders of its own',
  );
  const child = spawn(code, [...own, '--new-window', '--wait', places.workspace, places.notebook], {
    env: places.environment,
    stdio: 'ignore',
  });
  story.say('VS Code opens with the example notebook.');
  const closed = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const end = async () => {
    child.kill('SIGTERM');
    await closed;
  };
  return { closed, end };
}

async function findOnPath(name: string): Promise<string | undefined> {
  const file = platform() === 'win32' ? `${name}.cmd` : name;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && (await pathExists(join(folder, file)))) return join(folder, file);
  }
  return undefined;
}
