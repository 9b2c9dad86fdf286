import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { endProcesses, processesWith } from '../../src/development/processes';

/** A home folder of a test and the environment of a person who lives in it. */
export interface TestHome {
  /** The folder: short enough for sockets below it, 0700, without links in its path. */
  readonly home: string;
  /** Everything that a program started for this person gets; nothing of the runner's own environment that could steer it. */
  readonly environment: Record<string, string>;
}

/**
 * Makes a home for one test. After the test every process that was started with this home is ended (front doors, agents, keepers and kernels,
 * also those that left their parent), and the folder removed.
 */
export async function createTestHome(t: Pick<TestContext, 'after'>): Promise<TestHome> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'h-')));
  t.after(async () => {
    await endProcesses(() => processesWith((text) => text === `HOME=${home}` || text.startsWith(`${home}/`)));
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  });
  for (const folder of ['.config', '.cache', '.local/share', '.local/state']) {
    await mkdir(join(home, folder), { recursive: true, mode: 0o700 });
  }
  return { home, environment: environmentOf(home) };
}

function environmentOf(home: string): Record<string, string> {
  const run = process.env['REMOTE_KERNELS_TEST_RUN'];
  return {
    HOME: home,
    USER: userInfo().username,
    LOGNAME: userInfo().username,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    PATH: [
      dirname(process.execPath),
      '/usr/local/sbin',
      '/usr/local/bin',
      '/usr/sbin',
      '/usr/bin',
      '/sbin',
      '/bin',
    ].join(':'),
    TMPDIR: tmpdir(),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    ...(run === undefined ? {} : { REMOTE_KERNELS_TEST_RUN: run }),
  };
}
