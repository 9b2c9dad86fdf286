import { access, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cachedFolder } from './cached-folder';
import { runCommand } from './run-command';

/** VS Code 1.139 in a browser, and the Node that it is built for; both from npm, so that tests meet a real editor without a desktop. */
const codeServerVersion = '4.139.1';
const nodeVersion = '24.21.0';

/** An installed code-server: its entry script and the Node that runs it. */
export interface CodeServer {
  readonly node: string;
  readonly entry: string;
}

/** Installs code-server once (a few minutes) and finds it afterwards. Rejects on systems for which npm has no Node of that version. */
export async function preparedCodeServer(signal: AbortSignal): Promise<CodeServer> {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== 'linux-x64' && platform !== 'linux-arm64')
    throw new Error(`code-server is only set up on Linux (x64 and arm64), and this is ${platform}`);
  const nodePackage = `node-${platform}`;
  const folder = await cachedFolder(
    {
      name: `code-server-${codeServerVersion}-node${nodeVersion}`,
      build: async (target) => build(target, nodePackage, signal),
    },
    signal,
  );
  return {
    node: join(folder, 'node', 'node_modules', nodePackage, 'bin', 'node'),
    entry: join(folder, 'editor', 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
  };
}

async function build(folder: string, nodePackage: string, signal: AbortSignal): Promise<void> {
  const nodeFolder = join(folder, 'node');
  await install(nodeFolder, `${nodePackage}@${nodeVersion}`, {}, signal);
  const prefix = join(nodeFolder, 'node_modules', nodePackage);
  await install(
    join(folder, 'editor'),
    `code-server@${codeServerVersion}`,
    {
      PATH: [join(prefix, 'bin'), process.env['PATH'] ?? ''].join(delimiter),
      // Its native parts are built against the headers that came with this Node, not against those of the machine.
      npm_config_nodedir: prefix,
    },
    signal,
  );
  await access(join(folder, 'editor', 'node_modules', 'code-server', 'out', 'node', 'entry.js'));
}

async function install(
  folder: string,
  name: string,
  variables: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  await runCommand('npm', ['install', name, '--omit=dev', '--no-save', '--ignore-scripts=false'], {
    folder,
    environment: { ...process.env, ...variables },
    timeoutMs: 15 * 60_000,
    signal,
  });
}
