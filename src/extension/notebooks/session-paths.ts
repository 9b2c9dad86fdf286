import type { NotebookDocument } from 'vscode';
import { isSessionOf, sessionPath } from '../../protocol/identity';

/** What a session path is made of. */
export interface SessionPathOptions {
  readonly clientId: string;
  /** The document's URI. */
  readonly uri: string;
  readonly baseName: string;
  readonly environmentId: string;
  /** Whether the plain path leads to a kernel that is not meant: of another notebook, or of this one in another environment. */
  readonly isTaken: (path: string) => boolean;
  /** Set for a document that has no file yet: names like `Untitled-1` are used again, its kernel is not. */
  readonly nonce?: string;
}

/** The session path under which the notebook's kernel in an environment is started and found again. */
export function choosePath(options: SessionPathOptions): string {
  const { clientId, uri, baseName, environmentId, isTaken, nonce } = options;
  const plain = sessionPath(clientId, nonce === undefined ? uri : `${uri}#${nonce}`, baseName);
  return isTaken(plain) ? sessionPath(clientId, `${uri}#${environmentId}`, baseName) : plain;
}

/**
 * Whether a kernel's session is one of the document's own, by its plain path or that of the environment. The kernel of another notebook or
 * client can be used, but what follows it must not be started in its session.
 */
export function isOwnPath(
  path: string,
  options: Pick<SessionPathOptions, 'clientId' | 'uri' | 'environmentId'>,
): boolean {
  const { clientId, uri, environmentId } = options;
  return isSessionOf(path, clientId, uri) || isSessionOf(path, clientId, `${uri}#${environmentId}`);
}

/** The name of the document's file, or what the editor calls it. */
export function baseNameOf(notebook: Pick<NotebookDocument, 'uri'>): string {
  const path = notebook.uri.path;
  return path.slice(path.lastIndexOf('/') + 1) || 'notebook';
}
