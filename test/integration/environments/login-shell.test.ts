import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until } from '../../../src/base/time';
import { readLoginVariables } from '../../../src/daemon/agent/environments/login-shell';
import { hasProgram, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

/** The agent's own variables, with everything in them that must not come through. */
const agentVariables = {
  PATH: '/usr/bin:/bin',
  LANG: 'C.UTF-8',
  FROM_SYSTEM: 'kept',
  JPY_PARENT_PID: '1',
  NODE_OPTIONS: '--no-warnings',
  LD_PRELOAD: '',
  VSCODE_IPC_HOOK_CLI: '/x',
  ELECTRON_RUN_AS_NODE: '1',
};

interface Case {
  readonly shell: string;
  readonly startFile: string;
  /** A file that it reads also when it is not interactive, when that is another. */
  readonly alwaysFile?: string;
  /** Lines that export `NAME=a value`, two lines in `LINES_OF`, and put a folder on the PATH. */
  readonly exports: string;
}

const cases: readonly Case[] = [
  {
    shell: '/bin/sh',
    startFile: '.profile',
    exports: `NAME='a value'; LINES_OF='one\ntwo'; PATH=/own/bin:$PATH; export NAME LINES_OF PATH`,
  },
  {
    shell: '/bin/dash',
    startFile: '.profile',
    exports: `export NAME='a value'; export LINES_OF='one\ntwo'; export PATH=/own/bin:$PATH`,
  },
  {
    shell: '/bin/bash',
    startFile: '.bash_profile',
    exports: `export NAME='a value' LINES_OF=$'one\\ntwo' PATH=/own/bin:$PATH`,
  },
  {
    shell: '/usr/bin/zsh',
    startFile: '.zshrc',
    alwaysFile: '.zshenv',
    exports: `export NAME='a value' LINES_OF=$'one\\ntwo' PATH=/own/bin:$PATH`,
  },
  {
    shell: '/usr/bin/fish',
    startFile: '.config/fish/config.fish',
    exports: `set -gx NAME 'a value'; set -gx LINES_OF one\\ntwo; set -gx PATH /own/bin $PATH`,
  },
  {
    shell: '/usr/bin/tcsh',
    startFile: '.tcshrc',
    exports: `setenv NAME 'a value'\nsetenv LINES_OF 'one\\\ntwo'\nsetenv PATH /own/bin:$PATH`,
  },
];

async function homeWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const home = await temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), text);
  }
  return home;
}

function read(shell: string, homeFolder: string, timeoutMs?: number): Promise<Record<string, string>> {
  return readLoginVariables({
    shell,
    homeFolder,
    variables: agentVariables,
    signal: AbortSignal.timeout(30_000),
    logger: silentLogger,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** Without a shell: what the agent was given, less its own. */
function assertBare(variables: Record<string, string>, shell: string, home: string): void {
  assert.deepEqual(variables, {
    PATH: '/usr/bin:/bin',
    LANG: 'C.UTF-8',
    FROM_SYSTEM: 'kept',
    HOME: home,
    SHELL: shell,
  });
}

for (const { shell, startFile, alwaysFile = startFile, exports } of cases) {
  describe(`with ${shell}`, () => {
    test('what the start-up file exports is read, whatever it prints', async (t) => {
      if (!requirePeer(t, shell, hasProgram(shell.slice(shell.lastIndexOf('/') + 1)))) return;
      const home = await homeWith(t, {
        [startFile]: `echo 'Welcome = to the lab'\n${exports}\necho NAME=wrong\n`,
      });
      const variables = await read(shell, home);
      assert.equal(variables['NAME'], 'a value');
      assert.equal(variables['LINES_OF'], 'one\ntwo');
      assert.match(variables['PATH'] ?? '', /^\/own\/bin:/);
      assert.equal(variables['HOME'], home);
      assert.equal(variables['FROM_SYSTEM'], 'kept');
    });

    test('neither what belongs to the agent nor what the shell says of itself comes through', async (t) => {
      if (!requirePeer(t, shell, hasProgram(shell.slice(shell.lastIndexOf('/') + 1)))) return;
      const home = await homeWith(t, { [startFile]: `${exports}\n` });
      const variables = await read(shell, home);
      const strangers = Object.keys(variables).filter((name) =>
        /^(?:JPY_.*|NODE_OPTIONS|LD_PRELOAD|VSCODE_.*|ELECTRON_.*|REMOTE_KERNELS_.*|PWD|OLDPWD|SHLVL|_|TERM)$/.test(
          name,
        ),
      );
      assert.deepEqual(strangers, []);
    });

    test('a start-up file that hangs is given up, with everything it started', async (t) => {
      if (!requirePeer(t, shell, hasProgram(shell.slice(shell.lastIndexOf('/') + 1)))) return;
      const home = await homeWith(t, {
        [alwaysFile]: `sh -c 'echo $$ >> "$HOME/started"; exec sleep 600'\n`,
      });
      assertBare(await read(shell, home, 2000), shell, home);
      const started = (await readFile(join(home, 'started'), 'utf8')).trim().split('\n');
      assert.ok(started.length > 0);
      const hasEnded = async (pid: string) => (await stateOf(pid)) === undefined;
      for (const pid of started) {
        await until(async () => ((await hasEnded(pid)) ? true : undefined), AbortSignal.timeout(5000));
      }
    });
  });
}

describe('whatever the shell', () => {
  test('a start-up file that becomes fish is read from fish', async (t) => {
    if (!requirePeer(t, 'fish', hasProgram('fish'))) return;
    const home = await homeWith(t, {
      '.bash_profile': 'export FROM_BASH=1\nexec fish\n',
      '.config/fish/config.fish': 'set -gx FROM_FISH 2\n',
    });
    const variables = await read('/bin/bash', home);
    assert.deepEqual([variables['FROM_BASH'], variables['FROM_FISH']], ['1', '2']);
  });

  test('exported functions come whole', async (t) => {
    const home = await homeWith(t, { '.bash_profile': 'module() { echo "$1"\n}\nexport -f module\n' });
    const variables = await read('/bin/bash', home);
    assert.match(variables['BASH_FUNC_module%%'] ?? '', /^\(\) \{.*\n\}$/s);
  });

  test('what only an interactive shell reads is read', async (t) => {
    const home = await homeWith(t, {
      '.bash_profile': '. ~/.bashrc\n',
      '.bashrc': 'case $- in *i*) ;; *) return ;; esac\nexport ONLY_INTERACTIVE=1\n',
    });
    assert.equal((await read('/bin/bash', home))['ONLY_INTERACTIVE'], '1');
  });

  test('a start-up file that waits for a person when interactive is asked once more without', async (t) => {
    const home = await homeWith(t, { '.bash_profile': 'export NAME=1\ncase $- in *i*) sleep 600 ;; esac\n' });
    assert.equal((await read('/bin/bash', home, 5000))['NAME'], '1');
  });

  test('a user’s own LD_PRELOAD and NODE_OPTIONS are the user’s', async (t) => {
    const home = await homeWith(t, { '.bash_profile': 'export NODE_OPTIONS=--max-old-space-size=64\n' });
    assert.equal((await read('/bin/bash', home))['NODE_OPTIONS'], '--max-old-space-size=64');
  });

  test('a process that a start-up file leaves behind does not hold the answer up', async (t) => {
    const home = await homeWith(t, {
      '.bash_profile': 'export NAME=1\nsleep 60 &\necho $! > "$HOME/left"\n',
    });
    assert.equal((await read('/bin/bash', home, 20_000))['NAME'], '1');
    const left = Number(await readFile(join(home, 'left'), 'utf8'));
    t.after(() => {
      try {
        process.kill(left);
      } catch (error) {
        // It may have ended with its shell.
        assert.match(String(error), /ESRCH/);
      }
    });
  });

  const failing: [what: string, startFile: string][] = [
    ['that prints without end', 'while :; do echo yes; done\n'],
    ['that ends the shell', 'exit 3\n'],
    ['that is killed', 'kill -9 $$\n'],
  ];
  for (const [what, startFile] of failing) {
    test(`a start-up file ${what} leaves the bare variables`, async (t) => {
      const home = await homeWith(t, { '.profile': startFile });
      assertBare(await read('/bin/sh', home, 3000), '/bin/sh', home);
    });
  }

  for (const shell of ['/usr/sbin/nologin', '/bin/false', '/no/such/shell', '']) {
    test(`${shell === '' ? 'no shell at all' : shell} leaves the bare variables`, async (t) => {
      const home = await homeWith(t, {});
      assertBare(await read(shell, home), shell, home);
    });
  }

  test('the shell is asked once for all, and again when a start-up file has changed', async (t) => {
    const home = await homeWith(t, { '.profile': 'echo >> "$HOME/runs"\nexport NAME=1\n' });
    const together = await Promise.all([read('/bin/sh', home), read('/bin/sh', home), read('/bin/sh', home)]);
    assert.deepEqual(
      together.map((variables) => variables['NAME']),
      ['1', '1', '1'],
    );
    await read('/bin/sh', home);
    assert.equal((await readFile(join(home, 'runs'), 'utf8')).length, 1);
    await writeFile(join(home, '.profile'), 'export NAME=two\n');
    assert.equal((await read('/bin/sh', home))['NAME'], 'two');
  });

  test('the signal ends the caller’s wait, not that of others', async (t) => {
    const home = await homeWith(t, { '.profile': 'sleep 1\nexport NAME=1\n' });
    const other = read('/bin/sh', home);
    const controller = new AbortController();
    const own = readLoginVariables({
      shell: '/bin/sh',
      homeFolder: home,
      variables: agentVariables,
      signal: controller.signal,
      logger: silentLogger,
    });
    setImmediate(() => controller.abort());
    await assert.rejects(own, { name: 'AbortError' });
    assert.equal((await other)['NAME'], '1');
  });
});

/** The state letter of a process; `undefined` for one that is gone or only waits to be reaped. */
async function stateOf(pid: string): Promise<string | undefined> {
  try {
    const state = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\)\s/s, '').charAt(0);
    return state === 'Z' ? undefined : state;
  } catch (error) {
    assert.match(String(error), /ENOENT|ESRCH/);
    return undefined;
  }
}
