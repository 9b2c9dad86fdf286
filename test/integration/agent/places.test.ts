import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { daemonBundle } from '../../support/daemon-bundle';
import { endProcesses, processesWith } from '../../../src/development/processes';
import { isRoot, requirePeer } from '../../support/peers';
import { preparedEnvironment } from '../../support/python-environments';
import { createTestHome, type TestHome } from '../../support/test-home';

const run = promisify(execFile);

/** What a script in a mount namespace of its own printed. Its `/tmp` is empty and its own, so that nothing of it is met by others. */
interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Whether mounts can be made here that nobody else sees. */
async function canMount(): Promise<boolean> {
  return run('unshare', ['-m', 'true']).then(
    () => true,
    () => false,
  );
}

/**
 * Runs a shell script as root with mounts of its own. `agent` in it is the command, `ask METHOD PATH [BODY]` a request to the agent on `$SOCKET`.
 * The home is an own small disk at
 * `/mnt/home`; `/tmp` is empty and its own too, so that nothing is left on this machine.
 */
async function inNamespace(home: TestHome, script: string): Promise<Outcome> {
  const prelude = `
set -eu
mount --make-rprivate /
mount -t tmpfs none /mnt
NODE="${process.execPath}"; BUNDLE="/mnt/bundle/daemon.js"
mkdir -p /mnt/bundle && mount --bind "${join(daemonBundle(), '..')}" /mnt/bundle
mkdir -p /mnt/home && mount -t tmpfs -o size=\${HOME_SIZE:-16m},mode=700 none /mnt/home
mount -t tmpfs -o mode=1777 none /tmp
export HOME=/mnt/home XDG_CONFIG_HOME=/mnt/home/.config XDG_STATE_HOME=/mnt/home/.local/state TMPDIR=/tmp
agent() { "$NODE" "$BUNDLE" agent --json "$@"; }
address() { OUT=$(agent); SOCKET=$(printf %s "$OUT" | sed 's/.*"socket":"\\([^"]*\\)".*/\\1/'); }
ask() { curl -sS --max-time 60 --unix-socket "$SOCKET" -X "$1" \${3:+-d "$3"} "http://localhost$2"; echo; }
`;
  return new Promise((resolve) => {
    const child = spawn('unshare', ['-m', '/bin/bash', '-c', prelude + script], {
      env: { ...home.environment, HOME_SIZE: '16m' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    child.once('close', (code) => resolve({ code: code ?? -1, ...said }));
  });
}

async function prepare(t: TestContext): Promise<TestHome | undefined> {
  const isThere = isRoot() && (await canMount());
  if (!requirePeer(t, 'the right to mount (root and unshare)', isThere)) return undefined;
  const home = await createTestHome(t);
  // Keepers inherit few variables, but all that a script starts has its home on a disk that is mounted for it alone.
  t.after(() => endProcesses(() => processesWith((entry) => entry.startsWith('HOME=/mnt/home'))));
  return home;
}

test('a read-only home does not keep the agent from answering, nor kernels from starting', async (t) => {
  const home = await prepare(t);
  if (home === undefined) return;
  const { prefix } = await preparedEnvironment('ipykernel');
  const { code, stdout, stderr } = await inNamespace(
    home,
    `
mkdir -p $HOME/.virtualenvs && ln -s "${prefix}" $HOME/.virtualenvs/ipykernel
mount -o remount,ro /mnt/home
address; echo "$SOCKET"
ask GET /remote-kernels/v1/hello
ask POST /api/kernels '{}'
ls -ld /tmp/remote-kernels-0
cat /tmp/remote-kernels-0/*/state/agent.log
address; echo "$OUT"
`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\/tmp\/remote-kernels-0\/[0-9a-f]{8}\/agent\.sock$/m);
  assert.match(stdout, /"execution_state":"idle"/);
  assert.match(stdout, /^drwx------/m);
  assert.match(stdout, /state that is lost with the next start of this machine is kept in \/tmp/);
  assert.match(stdout, /"started":false/);
});

test('a full disk is said where something must be kept, and the agent goes on answering', async (t) => {
  const home = await prepare(t);
  if (home === undefined) return;
  const { prefix } = await preparedEnvironment('ipykernel');
  const { code, stdout, stderr } = await inNamespace(
    home,
    `
mkdir -p $HOME/.virtualenvs && ln -s "${prefix}" $HOME/.virtualenvs/ipykernel
address; echo "$SOCKET"
ask PUT /remote-kernels/v1/preferences '{"searchFolders":["~/kept"]}'
dd if=/dev/zero of=$HOME/fill bs=4k 2>/dev/null || true
ask PUT /remote-kernels/v1/preferences '{"searchFolders":["~/lost"]}'
ask POST /api/kernels '{}'
ask GET /remote-kernels/v1/preferences
ask GET /api/kernels
rm $HOME/fill
ask POST /api/kernels '{}'
`,
  );
  assert.equal(code, 0, stderr);
  const lines = stdout.trim().split('\n');
  assert.match(lines[2] ?? '', /"code":"storage-full"/);
  assert.match(lines[3] ?? '', /"code":"storage-full"/);
  assert.match(lines[4] ?? '', /~\/kept/);
  assert.equal(lines[5], '[]');
  assert.match(lines[6] ?? '', /"execution_state":"idle"/);
});

test('an agent can start when the disk is full already', async (t) => {
  const home = await prepare(t);
  if (home === undefined) return;
  const { code, stdout, stderr } = await inNamespace(
    home,
    `
dd if=/dev/zero of=$HOME/fill bs=4k 2>/dev/null || true
address; echo "$SOCKET"
ask GET /remote-kernels/v1/hello
`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /"protocol"/);
});

test('a home whose path is too long for sockets gets them below /tmp, and kernels start', async (t) => {
  const home = await prepare(t);
  if (home === undefined) return;
  const { prefix } = await preparedEnvironment('ipykernel');
  const { code, stdout, stderr } = await inNamespace(
    home,
    `
export HOME=/mnt/home/${'long-name-'.repeat(8)}
mkdir -p $HOME/.virtualenvs && ln -s "${prefix}" $HOME/.virtualenvs/ipykernel
address; echo "$SOCKET"
ask POST /api/kernels '{}'
ls $HOME/.local/state/remote-kernels/*/kernels
`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\/tmp\/remote-kernels-0\/[0-9a-f]{8}\/agent\.sock$/m);
  assert.match(stdout, /"execution_state":"idle"/);
  assert.match(stdout, /^[0-9a-f-]{36}$/m);
});

/** Ways in which another user can have prepared the folder in `/tmp` before us. */
const hostile = [
  {
    what: 'a link to a folder of ours',
    script: 'mkdir -m 700 /tmp/trap; ln -s /tmp/trap /tmp/remote-kernels-0',
    says: /not a folder of its own/,
  },
  {
    what: 'a folder of another user',
    script: 'mkdir -m 777 /tmp/remote-kernels-0; chown 65534 /tmp/remote-kernels-0',
    says: /belongs to another user/,
  },
  {
    what: 'a file',
    script: 'echo x > /tmp/remote-kernels-0',
    says: /not a folder of its own|EEXIST|file already exists/,
  },
] as const;

for (const { what, script, says } of hostile) {
  test(`the folder in /tmp is refused when it is ${what}`, async (t) => {
    const home = await prepare(t);
    if (home === undefined) return;
    const { code, stdout, stderr } = await inNamespace(
      home,
      `
mount -o remount,ro /mnt/home
${script}
agent && echo "was used"
echo "exit $?"
find /tmp/trap /tmp/remote-kernels-0/ -mindepth 1 2>/dev/null || true
`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, says);
    assert.equal(stdout.trim(), 'exit 69');
  });
}

test('a folder in /tmp that others could enter is closed before it is used', async (t) => {
  const home = await prepare(t);
  if (home === undefined) return;
  const { code, stdout, stderr } = await inNamespace(
    home,
    `
mount -o remount,ro /mnt/home
mkdir -m 755 /tmp/remote-kernels-0
address
stat -c %a /tmp/remote-kernels-0 /tmp/remote-kernels-0/*
`,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n'), ['700', '700']);
});

test('nothing of a start is left in /tmp', async (t) => {
  const home = await prepare(t);
  if (home === undefined) return;
  const { stdout } = await inNamespace(home, 'address; ls -A /tmp');
  assert.equal(stdout.trim(), '');
});
