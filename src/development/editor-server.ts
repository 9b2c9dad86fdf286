import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until, withDeadline } from '../base/time';
import type { CodeServer } from './code-server';
import { runCommand } from './run-command';

/** What an editor is started with. */
export interface EditorOptions {
  readonly codeServer: CodeServer;
  /** Holds the editor's extensions, settings and state; nothing is written elsewhere by the editor itself. */
  readonly folder: string;
  /** The folder that the editor opens. */
  readonly workspace: string;
  /** The `.vsix` of the extension. */
  readonly extension: string;
  /** The environment of the editor's processes and of the extension. */
  readonly environment: NodeJS.ProcessEnv;
  /** Settings of the user besides those that keep the window quiet. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** An editor that answers. */
export interface EditorServer {
  /** The address to open in a browser. */
  readonly url: string;
  /** What it has printed so far. */
  output(): string;
  /** Ends the editor and its extension hosts, and resolves when the process has ended. */
  end(): Promise<void>;
}

/** Nothing of the editor's own: no welcome, no assistants, no version control, no movement. */
const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'workbench.editorAssociations': { '*.ipynb': 'jupyter-notebook' },
  'workbench.colorTheme': 'Default Dark Modern',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'files.autoSave': 'off',
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
};

/** Installs the extension into a folder of its own and starts code-server there, on loopback and a free port. */
export async function startEditor(options: EditorOptions, signal: AbortSignal): Promise<EditorServer> {
  const places = {
    configuration: join(options.folder, 'code-server.yaml'),
    extensions: join(options.folder, 'extensions'),
    data: join(options.folder, 'data'),
  };
  await mkdir(join(places.data, 'User'), { recursive: true });
  await writeFile(places.configuration, '');
  const settings = { ...quietSettings, ...options.settings };
  await writeFile(join(places.data, 'User', 'settings.json'), JSON.stringify(settings, null, 2));
  const common = [
    options.codeServer.entry,
    '--config',
    places.configuration,
    '--extensions-dir',
    places.extensions,
    '--user-data-dir',
    places.data,
  ];
  // Without this the page tries to reach a gallery of extensions.
  const environment = { ...options.environment, EXTENSIONS_GALLERY: '{"serviceUrl":""}' };
  await runCommand(
    options.codeServer.node,
    [...common, '--install-extension', options.extension, '--force'],
    {
      environment,
      timeoutMs: 60_000,
      signal,
    },
  );
  const words = [
    ...common,
    '--bind-addr',
    '127.0.0.1:0',
    '--auth',
    'none',
    '--disable-telemetry',
    '--disable-update-check',
    '--disable-workspace-trust',
    '--disable-getting-started-override',
    options.workspace,
  ];
  const child = spawn(options.codeServer.node, words, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return waitForEditor(child, signal);
}

async function waitForEditor(child: ChildProcess, signal: AbortSignal): Promise<EditorServer> {
  let output = '';
  const take = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-100_000);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  child.on('error', (error) => take(Buffer.from(error.message)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(timer);
  };
  try {
    const url = await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`the editor ended at its start:\n${output}`);
        const address = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
        return address !== undefined && (await isHealthy(address)) ? address : undefined;
      },
      withDeadline(60_000, 'the start of the editor', signal),
      50,
    );
    return { url, output: () => output, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function isHealthy(address: string): Promise<boolean> {
  try {
    return (await fetch(`${address}/healthz`)).ok;
  } catch {
    // It does not accept connections yet.
    return false;
  }
}
