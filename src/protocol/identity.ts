import { createHash } from 'node:crypto';

/** The metadata key of an `execute_request` under which our client says which cell it is for. */
export const cellIdMetadataKey = 'remote_kernels_cell_id';

/** The session `type` of notebooks, as every Jupyter client writes it. */
export const notebookSessionType = 'notebook';

/**
 * The session path of a document: `<clientId>/<16 hex of SHA-256(document URI)>/<basename>`. The same notebook on the same installation
 * finds its kernel again, and two people's `a.ipynb` do not share one.
 */
export function sessionPath(clientId: string, documentUri: string, basename: string): string {
  const digest = createHash('sha256').update(documentUri).digest('hex').slice(0, 16);
  return `${clientId}/${digest}/${basename.replace(/\//g, '_')}`;
}

/** Whether a session belongs to this document, whatever its file was named when the session began. */
export function isSessionOf(path: string, clientId: string, documentUri: string): boolean {
  const [client, digest] = sessionPath(clientId, documentUri, '').split('/');
  return path.startsWith(`${client ?? ''}/${digest ?? ''}/`);
}

/** Stable 16 hexadecimal digits for parts that together name one thing. */
export function stableId(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}
