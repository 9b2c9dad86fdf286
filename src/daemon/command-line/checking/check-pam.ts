import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../../base/errors';
import { pamService } from '../../../protocol/pam';
import { findUntrusted } from '../../platform/trusted-files';
import { findPamFault } from '../many-users/pam-parts';
import { fine, unseen, wrong, wrongAsSaid, type CheckedHost, type Finding } from './finding';

const subject = 'PAM';
/** More in a row are files that include each other. */
const maxIncludes = 16;
/** No service file is that long. */
const maxBytes = 256 * 1024;

/**
 * Looks at `/etc/pam.d/remote-kernels`. Without it PAM would ask `other`, and without a line for authentication or for the account in it PAM
 * would take those from there.
 */
export async function checkPam(
  { paths }: CheckedHost,
  findFaults: typeof findUntrusted = findUntrusted,
): Promise<readonly Finding[]> {
  const path = join(paths.pamFolder, pamService);
  const service = await readService(path);
  if (service.kind === 'missing')
    return [wrong(subject, `there is no ${path}; without it nobody can sign in`, 'remote-kernels install')];
  if (service.kind === 'denied') return [unseen(subject, path)];
  if (service.kind === 'untrusted')
    return [
      wrong(
        subject,
        `${path} must be a file of root that nobody else can write`,
        `chown root ${path} && chmod go-w ${path}`,
      ),
    ];
  const [fault] = await findFaults([path]);
  if (fault !== undefined) return [wrongAsSaid(subject, fault)];
  const types = await collectTypes(paths.pamFolder, service.text, maxIncludes);
  const missing = (['auth', 'account'] as const).filter((type) => !types.has(type));
  return missing.length === 0
    ? [fine(subject, `${path} checks the password and the account`)]
    : missing.map((type) =>
        wrong(
          subject,
          `${path} has no line for "${type}"`,
          `add one to ${path}, for example: ${type} required pam_unix.so`,
        ),
      );
}

/** Looks whether PAM can be called on this system at all. */
export async function checkPamParts({ programFile }: CheckedHost): Promise<Finding> {
  const fault = await findPamFault(programFile);
  return fault === undefined ? fine(subject, 'it can be called on this system') : wrongAsSaid(subject, fault);
}

/** A line of a service file: a rule with its type, or the name of a file whose lines stand in its place. */
export type PamLine =
  { readonly kind: 'rule'; readonly type: string } | { readonly kind: 'include'; readonly name: string };

/** Reads the lines that say something (pam.d(5)): a backslash at the end goes on in the next line, and `#` begins a comment. */
export function readPamLines(text: string): readonly PamLine[] {
  return text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, '').trim())
    .flatMap((line): readonly PamLine[] => {
      const include = /^@include\s+(\S+)/.exec(line)?.[1];
      if (include !== undefined) return [{ kind: 'include', name: include }];
      const type = /^-?(auth|account|password|session)\s+\S+\s+\S/i.exec(line)?.[1];
      return type === undefined ? [] : [{ kind: 'rule', type: type.toLowerCase() }];
    });
}

type Service =
  | { readonly kind: 'read'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'untrusted' };

async function readService(path: string): Promise<Service> {
  try {
    const file = await open(path, 'r');
    try {
      const found = await file.stat();
      const isTrusted = found.isFile() && found.uid === 0 && (found.mode & 0o022) === 0;
      if (!isTrusted || found.size > maxBytes) return { kind: 'untrusted' };
      return { kind: 'read', text: await file.readFile('utf8') };
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    if (code === 'EACCES' || code === 'EPERM') return { kind: 'denied' };
    throw error;
  }
}

async function collectTypes(folder: string, text: string, left: number): Promise<ReadonlySet<string>> {
  const types = new Set<string>();
  for (const line of readPamLines(text)) {
    if (line.kind === 'rule') types.add(line.type);
    else if (left > 0 && !line.name.includes('/')) {
      const included = await readService(join(folder, line.name));
      if (included.kind !== 'read') continue;
      for (const type of await collectTypes(folder, included.text, left - 1)) types.add(type);
    }
  }
  return types;
}
