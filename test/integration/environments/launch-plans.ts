import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import {
  planLaunch,
  type LaunchOptions,
  type LaunchPlan,
} from '../../../src/daemon/agent/environments/launch';
import { type Environment } from '../../../src/protocol/environments';
import { WireError } from '../../../src/protocol/errors';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, condaTree, named, writeTree } from '../../unit/environments/tree';

/** What a login shell exports. */
export const login = {
  HOME: '/home/ada',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'C.UTF-8',
  MINE: 'kept',
};

/** Plans a kernel's launch. */
export function plan(environment: Environment, options: Partial<LaunchOptions> = {}): Promise<LaunchPlan> {
  return planLaunch(environment, {
    loginVariables: login,
    signal: AbortSignal.timeout(20_000),
    logger: silentLogger,
    ...options,
  });
}

/** The error that keeps a launch from being planned. */
export async function planError(
  environment: Environment,
  options: Partial<LaunchOptions> = {},
): Promise<WireError> {
  let error: unknown;
  await plan(environment, options).catch((thrown: unknown) => {
    error = thrown;
  });
  assert.ok(error instanceof WireError, `no WireError but ${String(error)}`);
  return error;
}

/** A conda environment with ipykernel at `home/miniconda3/envs/e`. */
export async function condaEnvironment(
  t: TestContext,
  extra: Record<string, string> = {},
): Promise<{ root: string; environment: Environment }> {
  const root = await temporaryFolder(t);
  await writeTree(root, condaTree('home/miniconda3/envs/e', { packages: { ipykernel: '7.0.0' } }));
  await writeTree(join(root, 'home/miniconda3/envs/e'), extra);
  return { root, environment: named(await catalogOf(t, root), 'e') };
}
