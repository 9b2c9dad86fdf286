import { createHmac, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { systemErrorCode } from '../../base/errors';
import { parseJson, parserOf } from '../../base/parse';
import type { KeeperOrder } from '../../protocol/keeper';
import type { KernelChannel } from '../../protocol/kernel-channels';
import { toStorageError } from '../platform/private-files';
import { maxSocketPathBytes } from '../platform/sockets';
import { findFreePorts } from './ports';

const connectionSchema = v.object({
  transport: v.picklist(['ipc', 'tcp']),
  ip: v.string(),
  shell_port: v.number(),
  iopub_port: v.number(),
  stdin_port: v.number(),
  control_port: v.number(),
  hb_port: v.number(),
  key: v.pipe(v.string(), v.minLength(32)),
  signature_scheme: v.literal('hmac-sha256'),
  kernel_name: v.string(),
});

/** A connection file's content (jupyter_client, "Connection files"). With `ipc`, `ip` is a path and a port the number after its dash. */
export type KernelConnection = Readonly<v.InferOutput<typeof connectionSchema>>;

const parseConnection = parserOf('connection file', connectionSchema);

/** What tells the sockets of one kernel from those of others in the folder that they share; short, because their paths must be. */
export function socketPrefix(order: Pick<KeeperOrder, 'kernelId' | 'socketFolder'>): string {
  return join(order.socketFolder, order.kernelId.replaceAll('-', '').slice(0, 12));
}

/** Chooses addresses and a fresh key. Throws when the folder's path is too long for sockets. */
export async function createConnection(order: KeeperOrder): Promise<KernelConnection> {
  const prefix = socketPrefix(order);
  if (Buffer.byteLength(`${prefix}.sock`) > maxSocketPathBytes)
    throw new Error(`the path of the folder for sockets is too long: ${order.socketFolder}`);
  const [shell, iopub, stdin, control, heartbeat] =
    order.transport === 'ipc' ? [1, 2, 3, 4, 5] : await findFreePorts(5);
  return {
    transport: order.transport,
    ip: order.transport === 'ipc' ? prefix : '127.0.0.1',
    shell_port: shell ?? 0,
    iopub_port: iopub ?? 0,
    stdin_port: stdin ?? 0,
    control_port: control ?? 0,
    hb_port: heartbeat ?? 0,
    key: randomBytes(32).toString('hex'),
    signature_scheme: 'hmac-sha256',
    kernel_name: order.kernelspecName,
  };
}

/** Some tools read the kernel's id out of this name, so it is the one that Jupyter gives. */
export function connectionFilePath(order: Pick<KeeperOrder, 'kernelId' | 'stateFolder'>): string {
  return join(order.stateFolder, `kernel-${order.kernelId}.json`);
}

/** Writes a file of this user's only (0600). Refuses one that is already there. Throws a `WireError` when the disk is full or read-only. */
export async function writeConnectionFile(path: string, connection: KernelConnection): Promise<void> {
  try {
    const file = await open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      await file.writeFile(JSON.stringify(connection, undefined, 2));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw toStorageError(error, path);
  }
}

/** Reads what {@link writeConnectionFile} wrote. Throws when it is not there or not whole. */
export async function readConnectionFile(path: string): Promise<KernelConnection> {
  const result = parseJson(await readFile(path, 'utf8'), parseConnection);
  if (!result.ok) throw new Error(`${path}: ${result.error.message}`);
  return result.value;
}

/** ZMQ's address of one of the kernel's sockets. */
export function addressOf(connection: KernelConnection, channel: KernelChannel): string {
  const port = connection[`${channel}_port`];
  return connection.transport === 'ipc' ? `ipc://${connection.ip}-${port}` : `tcp://${connection.ip}:${port}`;
}

/** Removes the sockets that a kernel which was killed left behind. */
export async function removeKernelSockets(connection: KernelConnection): Promise<void> {
  if (connection.transport !== 'ipc') return;
  for (const port of ['shell', 'iopub', 'stdin', 'control', 'hb'] as const) {
    try {
      await unlink(`${connection.ip}-${connection[`${port}_port`]}`);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }
}

/**
 * The identity under which the kernel knows us on shell and stdin: the same for both, and the same again for a keeper that adopts the kernel,
 * so that a waiting `input_request` and late replies still arrive. Derived from the key, so that it is kept with it and nobody can guess it.
 */
export function routingIdOf(connection: KernelConnection): string {
  const digest = createHmac('sha256', connection.key).update('remote-kernels routing id').digest('hex');
  return `remote-kernels-${digest.slice(0, 32)}`;
}
