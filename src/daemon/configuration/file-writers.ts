/** Who may have written a configuration file: root alone, root and the user of this process, or whoever its rights let. */
export type FileWriters = 'root' | 'user' | 'anybody';

/** Why somebody may have written the file who has no say in it; the sentence ends with what to run. */
export function findWriterFault(
  path: string,
  { uid, mode }: { readonly uid: number; readonly mode: number },
  writers: FileWriters,
): string | undefined {
  if (writers === 'anybody') return undefined;
  const isWritableByOthers = (mode & 0o022) !== 0;
  if (writers === 'root')
    return uid !== 0 || isWritableByOthers
      ? `it must belong to root and be writable by nobody else; run: chown root ${path} && chmod go-w ${path}`
      : undefined;
  // Without numbers of users there is none to compare.
  const ownUid = process.getuid?.();
  if (ownUid === undefined) return undefined;
  if (uid !== ownUid && uid !== 0) return `it belongs to another user; run: sudo chown ${ownUid} ${path}`;
  return isWritableByOthers ? `others can change it; run: chmod go-w ${path}` : undefined;
}
