import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { runCommand } from './run-command';

/** A package of Debian that is not on every machine. */
export interface SystemPackage {
  readonly name: string;
  /** Why it is needed, for the person who is asked to install it. */
  readonly why: string;
  /** Whether it is there, found by what it brings, so that it is also seen on systems of other kinds. */
  readonly isInstalled: () => boolean;
}

/** Needed to make Python environments. */
export const pythonPackages: readonly SystemPackage[] = [
  {
    name: 'python3',
    why: 'runs the kernels of the tests and of the example',
    isInstalled: () => isThere('/usr/bin/python3'),
  },
  {
    name: 'python3-venv',
    why: 'makes the Python environments',
    isInstalled: () => pythonSays('import ensurepip, venv'),
  },
];

const buildEssential: SystemPackage = {
  name: 'build-essential',
  why: 'builds native parts of code-server and of conda',
  isInstalled: () => isThere('/usr/bin/g++'),
};

/** Needed to install and show the editor in a browser. */
export const editorPackages: readonly SystemPackage[] = [
  buildEssential,
  {
    name: 'pkg-config',
    why: 'builds native parts of code-server',
    isInstalled: () => isThere('/usr/bin/pkg-config'),
  },
  {
    name: 'libkrb5-dev',
    why: 'builds native parts of code-server',
    isInstalled: () => isThere('/usr/include/gssapi/gssapi.h'),
  },
];

const secondFactorPackages: readonly SystemPackage[] = [
  {
    name: 'libpam-google-authenticator',
    why: 'asks for a second factor at sign-ins',
    isInstalled: () => isThere('/usr/bin/google-authenticator'),
  },
  { name: 'oathtool', why: 'makes second factors', isInstalled: () => isThere('/usr/bin/oathtool') },
];

/** Needed by the integration tests. */
export const integrationPackages: readonly SystemPackage[] = [
  buildEssential,
  {
    name: 'python3-dev',
    why: 'builds the solver of the conda that the tests make',
    isInstalled: () =>
      pythonSays(
        'import os, sysconfig; exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))',
      ),
  },
  { name: 'iproute2', why: 'makes network namespaces', isInstalled: () => isThere('/sbin/ip') },
  {
    name: 'avahi-daemon',
    why: 'announces hosts in networks of the tests',
    isInstalled: () => isThere('/usr/sbin/avahi-daemon'),
  },
  {
    name: 'avahi-utils',
    why: 'looks for hosts in networks of the tests',
    isInstalled: () => isThere('/usr/bin/avahi-browse'),
  },
  {
    name: 'dbus',
    why: 'connects avahi-daemon with programs',
    isInstalled: () => isThere('/usr/bin/dbus-send'),
  },
  ...secondFactorPackages,
  {
    name: 'openssh-server',
    why: 'logs in beside kernels',
    isInstalled: () => isThere('/usr/sbin/sshd'),
  },
  {
    name: 'systemd',
    why: 'starts the installed service in a namespace of its own',
    isInstalled: () => isThere('/lib/systemd/systemd'),
  },
  { name: 'zsh', why: 'is a login shell that people use', isInstalled: () => isThere('/usr/bin/zsh') },
  { name: 'fish', why: 'is a login shell that people use', isInstalled: () => isThere('/usr/bin/fish') },
  { name: 'tcsh', why: 'is a login shell that people use', isInstalled: () => isThere('/usr/bin/tcsh') },
];

/** Needed by the benchmarks of the daemon of many users: what it is measured beside. */
export const benchPackages: readonly SystemPackage[] = [
  {
    name: 'nginx-light',
    why: 'is the TLS proxy that the front door is measured beside',
    isInstalled: () => isThere('/usr/sbin/nginx'),
  },
  {
    name: 'openssh-server',
    why: 'is the sign-in by password that the daemon is measured beside',
    isInstalled: () => isThere('/usr/sbin/sshd'),
  },
  {
    name: 'curl',
    why: 'loads and sends large files at little cost of its own',
    isInstalled: () => isThere('/usr/bin/curl'),
  },
];

/** Needed by the end-to-end tests besides the editor. */
export const browserPackages: readonly SystemPackage[] = [
  {
    name: 'chromium',
    why: 'shows the editor to the end-to-end tests',
    isInstalled: () => isThere('/usr/bin/chromium'),
  },
  {
    name: 'fonts-dejavu-core',
    why: 'makes the screenshots readable',
    isInstalled: () => isThere('/usr/share/fonts/truetype/dejavu'),
  },
  { name: 'iproute2', why: 'makes network namespaces', isInstalled: () => isThere('/sbin/ip') },
  ...secondFactorPackages,
];

/**
 * Installs what is missing of these packages when the caller is root and apt is there. Otherwise rejects with the exact command to run, naming
 * for each package what it is for.
 */
export async function requireSystemPackages(
  packages: readonly SystemPackage[],
  print: (text: string) => void,
): Promise<void> {
  const wanted = new Map(packages.map((candidate) => [candidate.name, candidate]));
  const missing = [...wanted.values()].filter((candidate) => !candidate.isInstalled());
  if (missing.length === 0) return;
  const reasons = missing.map((one) => `  ${one.name}: ${one.why}`).join('\n');
  const command = `apt-get install -y --no-install-recommends ${missing.map((one) => one.name).join(' ')}`;
  if (!isThere('/usr/bin/apt-get'))
    throw new Error(
      `These programs are missing, and this is not Debian or Ubuntu; install what your system calls them:\n${reasons}`,
    );
  if (process.getuid?.() !== 0)
    throw new Error(`These packages are missing:\n${reasons}\nInstall them with:\n  sudo ${command}`);
  print(`Installing packages of the system:\n${reasons}\n`);
  await installAsRoot(missing.map((one) => one.name));
}

async function installAsRoot(names: readonly string[]): Promise<void> {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () =>
    runCommand('apt-get', ['install', '-y', '--no-install-recommends', ...names], {
      environment,
      timeoutMs: 10 * 60_000,
    });
  try {
    await install();
  } catch {
    // The list of packages is old or was never fetched, which apt reports in several ways; a second failure is reported as it is.
    await runCommand('apt-get', ['update'], { environment, timeoutMs: 5 * 60_000 });
    await install();
  }
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.F_OK);
    return true;
  } catch {
    // Missing, or in a folder that we cannot enter, which is as good as missing.
    return false;
  }
}

/** Whether the system's Python runs this program to its end without an error. */
function pythonSays(program: string): boolean {
  return spawnSync('/usr/bin/python3', ['-c', program]).status === 0;
}
