import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import * as vscode from 'vscode';
import type { Client } from '../../protocol/agent';

const key = 'remoteKernels.clientId';

/**
 * Who we are to hosts. `clientId` is random per installation and kept on this computer only (global state is not synchronised unless its keys
 * are named for it), so that the same notebook finds its kernel again. `windowId` is fresh for each window.
 */
export function readClient(globalState: vscode.Memento): Client {
  const stored = globalState.get<unknown>(key);
  const isUsable = typeof stored === 'string' && /^[0-9a-f]{32}$/.test(stored);
  const clientId = isUsable ? stored : randomBytes(16).toString('hex');
  if (!isUsable) void globalState.update(key, clientId);
  return { clientId, windowId: randomUUID(), label: `${vscode.env.appName} on ${hostname()}`.slice(0, 200) };
}
