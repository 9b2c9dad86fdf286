/**
 * The part of the scripts that runs in a fresh clone, before anything is installed: plain Node, no packages. It checks Node, installs the npm
 * packages when they are missing or the lock has changed, and hands over to TypeScript.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const oldestNode = 20;

// `import.meta.dirname` came with Node 20.11, and an older Node shall get a sentence, not a type error.
const here = fileURLToPath(new URL('.', import.meta.url));

/** The folder of the repository. */
export const repository = resolve(here, '..', '..');

/** Runs a TypeScript file of this folder with the words of the command line and ends with its exit code. */
export async function runDevelopmentScript(file, words = process.argv.slice(2)) {
  requireNode();
  installNpmPackages();
  const child = spawn(process.execPath, ['--import', 'tsx', join(here, file), ...words], {
    cwd: repository,
    stdio: 'inherit',
  });
  // The child ends in its own way, and this process with it. A terminal sends Ctrl-C to both, and the second one changes nothing.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const exitCode = await new Promise((done) => {
    child.on('error', (error) => {
      console.error(`Node could not be started: ${error.message}`);
      done(70);
    });
    child.on('exit', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
  process.exit(exitCode);
}

function requireNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= oldestNode) return;
  console.error(
    `Remote Kernels needs Node ${oldestNode} or later, and this is Node ${process.versions.node}. Install a later one (nodejs.org, nvm, your distribution) and run this again.`,
  );
  process.exit(69);
}

function installNpmPackages() {
  const difference = differenceFromLock();
  if (difference === undefined) return;
  console.log(`Installing the npm packages (${difference})`);
  const startedAt = Date.now();
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: repository, stdio: 'inherit' });
  if (result.status !== 0) {
    console.error('The npm packages could not be installed; the lines above say why.');
    process.exit(result.status ?? 70);
  }
  console.log(`Installed the npm packages (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`);
}

/** What is installed otherwise than the lock says, as a few words; `undefined` when everything is in place. */
function differenceFromLock() {
  const installedPath = join(repository, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return 'there are none yet';
  const wanted = readPackages(join(repository, 'package-lock.json'));
  const installed = readPackages(installedPath);
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.optional === true || entry.devOptional === true || entry.peer === true) continue;
    const name = path.replace(/^.*node_modules\//, '');
    if (installed[path] === undefined) return `${name} is missing`;
    if (installed[path].version !== entry.version) return `${name} is of another version`;
  }
  return undefined;
}

function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}
