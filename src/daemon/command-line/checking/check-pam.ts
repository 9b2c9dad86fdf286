import { open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { systemErrorCode } from '../../../base/errors';
import { pamService } from '../../../protocol/pam';
import { findUntrusted } from '../../platform/trusted-files';
import { findPamFault } from '../many-users/pam-parts';
import { doubtful, fine, unseen, wrong, wrongAsSaid, type CheckedHost, type Finding } from './finding';
import { passesOverMissing, readPamLines, type PamLine, type PamType } from './pam-lines';
import { hasPamModule } from './pam-modules';

const subject = 'PAM';
/** More in a row are files that include each other. */
const maxIncludes = 16;
/** No service file is that long. */
const maxBytes = 256 * 1024;
/** Where a system may have service files besides the administrator's. */
const vendorFolders = ['/usr/lib/pam.d'];

/** What the check asks the system; tests say it themselves. */
export interface PamSystem {
  readonly findUntrusted: typeof findUntrusted;
  readonly hasModule: (name: string) => Promise<boolean>;
}

/**
 * Looks at `/etc/pam.d/remote-kernels`, the files that it includes and the modules that they name. Without it PAM would ask `other`, and without
 * a line for authentication or for the account in it PAM would take those from there. What the modules decide shows only when somebody signs in.
 */
export async function checkPam(
  { paths }: CheckedHost,
  system: PamSystem = { findUntrusted, hasModule: hasPamModule },
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
  const stack = await collectStack(paths.pamFolder, path, service.text, undefined, maxIncludes);
  const faults = await system.findUntrusted([path, ...stack.files]);
  if (faults.length > 0) return faults.map((fault) => wrongAsSaid(subject, fault));
  const findings = [...stack.findings, ...(await checkModules(stack.rules, system.hasModule))];
  // What is missing may be in a file that could not be read.
  if (stack.findings.length === 0) findings.push(...checkTypes(path, stack.rules));
  findings.push(...checkSecrets(path, stack.rules));
  return findings.length > 0
    ? findings
    : [fine(subject, `all that ${path} names is there, for the password and for the account`)];
}

/** Looks whether PAM can be called on this system at all. */
export async function checkPamParts({ programFile }: CheckedHost): Promise<Finding> {
  const fault = await findPamFault(programFile);
  return fault === undefined ? fine(subject, 'it can be called on this system') : wrongAsSaid(subject, fault);
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

/** A rule with the place where it stands, `FILE:LINE`. */
type PlacedRule = Extract<PamLine, { kind: 'rule' }> & { readonly place: string };

interface Stack {
  readonly rules: readonly PlacedRule[];
  /** The included files. */
  readonly files: readonly string[];
  readonly findings: readonly Finding[];
}

/** The rules of a file with those of the files that it includes; with a type, only those of that type. */
async function collectStack(
  folder: string,
  path: string,
  text: string,
  type: PamType | undefined,
  left: number,
): Promise<Stack> {
  const rules: PlacedRule[] = [];
  const files: string[] = [];
  const findings: Finding[] = [];
  for (const line of readPamLines(text)) {
    const place = `${path}:${line.line}`;
    if (line.kind === 'unreadable')
      findings.push(wrong(subject, `${place}: PAM cannot read this line, and lets nobody in`, 'man pam.d'));
    else if (line.kind === 'rule') {
      if (type === undefined || line.type === type) rules.push({ ...line, place });
    } else {
      if (type !== undefined && line.type !== undefined && line.type !== type) continue;
      const included = await findIncluded(folder, line.name);
      if (left === 0 || included === undefined) {
        const message = left === 0 ? 'files include each other' : `there is no ${line.name} to include`;
        findings.push(wrong(subject, `${place}: ${message}, so PAM lets nobody in`, `correct the line`));
        continue;
      }
      const inner = await collectStack(folder, included.path, included.text, line.type ?? type, left - 1);
      rules.push(...inner.rules);
      files.push(included.path, ...inner.files);
      findings.push(...inner.findings);
      // Each further turn of a loop would say the same once more.
      if (findings.length > 0 && left < maxIncludes) break;
    }
  }
  return { rules, files, findings };
}

async function findIncluded(
  folder: string,
  name: string,
): Promise<{ path: string; text: string } | undefined> {
  for (const path of isAbsolute(name) ? [name] : [folder, ...vendorFolders].map((one) => join(one, name))) {
    const found = await readService(path);
    if (found.kind === 'read') return { path, text: found.text };
    if (found.kind !== 'missing') return { path, text: '' };
  }
  return undefined;
}

/** A module that is missing fails every sign-in, except where its control passes it over. Sessions are not opened. */
async function checkModules(
  rules: readonly PlacedRule[],
  hasModule: PamSystem['hasModule'],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { place, type, control, module, mayBeMissing } of rules) {
    if (type === 'session' || mayBeMissing || (await hasModule(module))) continue;
    const message = `${place}: this system has no module ${module}`;
    findings.push(
      passesOverMissing(control)
        ? doubtful(subject, `${message}, so the line does nothing`, 'install the module or remove the line')
        : wrong(subject, `${message}, so PAM lets nobody in`, 'install the module or remove the line'),
    );
  }
  return findings;
}

function checkTypes(path: string, rules: readonly PlacedRule[]): readonly Finding[] {
  return (['auth', 'account'] as const)
    .filter((type) => !rules.some((rule) => rule.type === type))
    .map((type) =>
      wrong(
        subject,
        `${path} has no line for "${type}"`,
        `add one to ${path}, for example: ${type} required pam_unix.so`,
      ),
    );
}

/** Modules that let in without asking for anything that only the person knows or has. */
const askingNothing =
  /(^|\/)pam_(permit|env|faildelay|nologin|cap|group|shells|warn|echo|access|time|listfile|succeed_if|keyinit)\.so$/;

function checkSecrets(path: string, rules: readonly PlacedRule[]): readonly Finding[] {
  const auth = rules.filter(({ type }) => type === 'auth');
  const open = auth.find(
    ({ control, module }) => control === 'sufficient' && /(^|\/)pam_permit\.so$/.test(module),
  );
  const isAskingNothing = auth.length > 0 && auth.every(({ module }) => askingNothing.test(module));
  if (open === undefined && !isAskingNothing) return [];
  const place = isAskingNothing ? path : (open?.place ?? path);
  return [
    doubtful(
      subject,
      `${place}: people may be let in by their name alone, without a password`,
      'man pam_unix',
    ),
  ];
}
