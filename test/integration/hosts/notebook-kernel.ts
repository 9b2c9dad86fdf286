import type { Kernel } from '@jupyterlab/services';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable, until, withDeadline } from '../../../src/base/time';
import type { Host } from '../../../src/extension/hosts/host';
import type { Environment } from '../../../src/protocol/environments';
import { preparedEnvironment } from '../../support/python-environments';

/** Runs code and gives what it printed. */
export async function execute(connection: Kernel.IKernelConnection, code: string): Promise<string> {
  let text = '';
  const future = connection.requestExecute({ code });
  future.onIOPub = (message) => {
    if (message.header.msg_type === 'stream') text += (message.content as { text: string }).text;
  };
  await abortable(future.done, withDeadline(40_000, 'the cell'));
  return text;
}

/** Puts an environment with ipykernel where the agent of that home finds it. */
export async function placeEnvironment(home: string): Promise<void> {
  const { prefix } = await preparedEnvironment('ipykernel');
  await mkdir(join(home, '.virtualenvs'), { recursive: true });
  await symlink(prefix, join(home, '.virtualenvs', 'analysis'));
}

/** Waits for an environment that can run kernels. */
export async function findEnvironment({ agent }: Host): Promise<Environment> {
  const { environments } = agent;
  return await until(
    () => environments.items.find(({ ipykernel }) => ipykernel !== undefined),
    withDeadline(15_000, 'an environment with ipykernel'),
  );
}
