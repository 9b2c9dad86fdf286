import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { withDeadline } from '../../src/base/time';
import { endProcesses } from '../../src/development/processes';
import { hasProgram, isRoot, requirePeer } from './peers';
import { holderScript, systemNumbers } from './private-system-mounts';
import { placeNode, placeProgram } from './private-system-programs';
import { processesInMounts } from './private-system-processes';
import { assertNowhereInFiles } from './private-system-secrets';
import { temporaryFolder } from './temporary-folder';

/**
 * Who makes a private system and for how long: a test, or a benchmark that has an end. `skip` is told why the machine does not let us make one.
 */
export type PrivateSystemOwner = Pick<TestContext, 'skip'> & {
  after(end: () => Promise<void>): void;
};

/** An account to make. */
export interface NewAccount {
  readonly name: string;
  readonly password: string;
  /** `/bin/bash` by default. */
  readonly shell?: string;
  /** The account ended yesterday (`chage -E`). */
  readonly isExpired?: boolean;
  /** The password has to be changed at the next sign-in (`chage -d 0`). */
  readonly mustChange?: boolean;
  /** Locked (`usermod -L`). */
  readonly isLocked?: boolean;
  /** Further groups, made when they are not there. */
  readonly groups?: readonly string[];
}

/** How the private system begins. */
export interface PrivateSystemOptions {
  /** What is in `/etc/pam.d/remote-kernels`; without it there is no such file. */
  readonly pamFile?: string;
  /** Whether the system user and group `remote-kernels` are there; they are, unless this says `false`. */
  readonly hasSystemUser?: boolean;
  /** The network namespace, as `ip netns` names it, in which everything runs; the machine's own by default. */
  readonly networkNamespace?: string;
}

/** How to run a program. */
export interface PrivateRunOptions {
  /** As whom, with all groups, a clean environment and the home as working folder; root by default. */
  readonly user?: string;
  /** The whole environment besides `PATH`, `LANG` and `HOME`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For root only. */
  readonly folder?: string;
}

/** What a program printed, and how it ended (128 and the number is missing: a signal gives -1). */
export interface PrivateResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The accounts that are there from the beginning, with their passwords. */
export const people = {
  ada: 'Ada-counts-1843!',
  bob: 'Bob-builds-2001!',
  eve: 'Eve-listens-1978!',
} as const;

/** A service file that asks for the password of the account, refuses accounts without a login shell, and does not wait after a mistake. */
export const plainPamFile = [
  'auth required pam_unix.so nodelay',
  'account required pam_unix.so',
  'account required pam_shells.so',
  'password required pam_unix.so yescrypt',
  '',
].join('\n');

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The machine as a private copy for one test: own `/etc`, `/home`, `/run`, `/var/lib`, `/var/log`, `/opt` and `/usr/local` in a mount namespace, the
 * machine's processes, network and `/tmp`. Has the accounts of {@link people}. Real PAM, real users. After the test everything that runs in it is
 * ended and nothing of it remains; the test fails when one of their passwords was written to a file.
 */
export class PrivateSystem {
  private constructor(
    private readonly holderPid: number,
    private readonly prefix: readonly string[],
    private readonly firstUid: number,
    private readonly firstSystemUid: number,
    /** A Node that all users may run. */
    readonly nodePath: string,
    /** The built daemon at a place that only root can write to and all can read. */
    readonly programFile: string,
  ) {}

  private accounts = 0;

  /** Makes one, or skips the test (in CI: fails it) and gives `undefined` where the machine does not let us. */
  static async start(
    t: PrivateSystemOwner,
    options: PrivateSystemOptions = {},
  ): Promise<PrivateSystem | undefined> {
    const isAllowed = isRoot() && hasProgram('unshare') && (await mayMount(t));
    if (!requirePeer(t, 'the right to make private mounts (root, unshare, overlay)', isAllowed))
      return undefined;
    const { pid, place } = await hold(t);
    const { networkNamespace } = options;
    const network = networkNamespace === undefined ? [] : [`--net=/run/netns/${networkNamespace}`];
    const root = `/proc/${pid}/root`;
    const system = new PrivateSystem(
      pid,
      ['nsenter', '-t', `${pid}`, '-m', ...network, '--'],
      // Not the numbers of another test that runs at the same time, since processes and /tmp are the machine's.
      10_000 + (pid % 4_000) * 12,
      systemNumbers.first + place * systemNumbers.each,
      await placeNode(root),
      await placeProgram(root),
    );
    await system.giveOwnSystemNumbers();
    if (options.hasSystemUser !== false) await system.addSystemUser();
    for (const [name, password] of Object.entries(people)) await system.addAccount({ name, password });
    if (options.pamFile !== undefined) await system.write('/etc/pam.d/remote-kernels', options.pamFile);
    return system;
  }

  /** How a file of the private system is named from outside, for `node:fs` and sockets. A link in it to an absolute path leads outside. */
  outside(inside: string): string {
    return `/proc/${this.holderPid}/root${inside}`;
  }

  /** Writes a file of root. */
  async write(file: string, text: string, mode = '0644'): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"';
    await this.expect('sh', ['-c', script, 'sh', file, mode], {}, text);
  }

  /** Runs a program to its end, at most `timeoutMs`; `input` is its standard input. */
  async run(
    command: string,
    words: readonly string[] = [],
    options: PrivateRunOptions = {},
    input = '',
    timeoutMs = 60_000,
  ): Promise<PrivateResult> {
    const signal = withDeadline(timeoutMs, `${command} in the private system`);
    const child = this.spawn(command, words, { ...options, stdio: ['pipe', 'pipe', 'pipe'], signal });
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    // A program that does not read its input ends the pipe, which is no fault.
    child.stdin?.on('error', () => child.stdin?.destroy());
    child.stdin?.end(input);
    const [code] = (await once(child, 'close', { signal })) as [number | null];
    return { code: code ?? -1, stdout: stdout(), stderr: stderr() };
  }

  /** Like `run`, and rejects with what was said when the program fails. Resolves with what it printed. */
  async expect(
    command: string,
    words: readonly string[] = [],
    options: PrivateRunOptions = {},
    input = '',
  ): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, words, options, input);
    if (code !== 0) throw new Error(`${command} ${words.join(' ')}: exit code ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** Starts a program; its pid is the child's own. It is ended after the test, with everything that it started. */
  spawn(
    command: string,
    words: readonly string[] = [],
    options: PrivateRunOptions & Pick<SpawnOptions, 'stdio' | 'signal' | 'detached'> = {},
  ): ChildProcess {
    const { user, environment = {}, folder, ...rest } = options;
    const run = process.env['REMOTE_KERNELS_TEST_RUN'];
    const variables = {
      PATH: path,
      LANG: 'C.UTF-8',
      ...(run === undefined ? {} : { REMOTE_KERNELS_TEST_RUN: run }),
      ...environment,
    };
    const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const [program = '', ...all] = [
      ...this.prefix,
      ...(user === undefined ? ['env', '-C', folder ?? '/', 'HOME=/root', ...given] : asUser(user, given)),
      command,
      ...words,
    ];
    return spawn(program, all, { ...rest, env: { PATH: path, LANG: 'C.UTF-8' } });
  }

  /** Makes an account with a home. Resolves with its number. */
  async addAccount(account: NewAccount): Promise<number> {
    const uid = this.firstUid + this.accounts;
    this.accounts += 1;
    const { name } = account;
    await this.expect('useradd', [
      ...['--create-home', '--user-group', '--uid', `${uid}`, '--shell', account.shell ?? '/bin/bash'],
      name,
    ]);
    for (const group of account.groups ?? []) {
      await this.expect('groupadd', ['--force', group]);
      await this.expect('usermod', ['--append', '--groups', group, name]);
    }
    await this.expect('chmod', ['0700', `/home/${name}`]);
    await this.setPassword(name, account.password);
    if (account.isExpired === true) await this.expect('chage', ['-E', '1', name]);
    if (account.mustChange === true) await this.expect('chage', ['-d', '0', name]);
    if (account.isLocked === true) await this.expect('usermod', ['-L', name]);
    return uid;
  }

  /** Sets an account's password as an administrator does. */
  async setPassword(name: string, password: string): Promise<void> {
    await this.expect('chpasswd', [], {}, `${name}:${password}\n`);
  }

  /** The processes that run in this system now, without the one that holds it. */
  async processes(): Promise<readonly { readonly pid: number; readonly command: string }[]> {
    return processesInMounts(this.holderPid);
  }

  /**
   * System accounts get other numbers here than in another test at the same time, whose processes would keep ours from being removed, and whose daemon
   * would end our front door as the remains of its own.
   */
  private async giveOwnSystemNumbers(): Promise<void> {
    const first = this.firstSystemUid;
    const range = ['UID', 'GID'].flatMap((kind) => [
      `SYS_${kind}_MIN ${first}`,
      `SYS_${kind}_MAX ${first + systemNumbers.each - 1}`,
    ]);
    const lines = `\n${range.join('\n')}\n`;
    await this.expect('sh', ['-c', 'cat >>/etc/login.defs'], {}, lines);
  }

  private async addSystemUser(): Promise<void> {
    const options = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
    await this.expect('useradd', [...options, '--shell', '/usr/sbin/nologin', 'remote-kernels']);
  }
}

/** The words that run a program as a person, through `setpriv` and the private system's own accounts. */
function asUser(user: string, given: readonly string[]): readonly string[] {
  const words = ['setpriv', '--reuid', user, '--regid', user, '--init-groups', '--reset-env', '--'];
  return [...words, 'sh', '-c', 'cd && exec env "$@"', 'sh', ...given];
}

/** The process that holds it, and which numbers of system accounts are its. */
async function hold(t: PrivateSystemOwner): Promise<{ readonly pid: number; readonly place: number }> {
  const folder = await temporaryFolder(t);
  const holder = spawn(
    'unshare',
    ['-m', '--propagation', 'private', 'sh', '-c', holderScript, 'sh', folder],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const pid = holder.pid ?? -1;
  const ended = once(holder, 'exit');
  t.after(async () => {
    await endProcesses(() => processesInMounts(pid));
    try {
      await assertNowhereInFiles(pid, Object.values(people));
    } finally {
      holder.stdin.end();
      await ended;
    }
  });
  const [said] = (await once(holder.stdout, 'data', {
    signal: withDeadline(20_000, 'the private mounts'),
  })) as [Buffer];
  return { pid, place: Number(said.toString()) };
}

async function mayMount(t: PrivateSystemOwner): Promise<boolean> {
  if (!/\boverlay\b/.test(await readFile('/proc/filesystems', 'utf8'))) return false;
  const folder = await temporaryFolder(t);
  const child = spawn('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
  const [code] = (await once(child, 'exit', { signal: withDeadline(10_000, 'unshare') })) as [number | null];
  return code === 0;
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
