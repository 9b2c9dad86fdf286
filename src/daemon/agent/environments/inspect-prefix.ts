import { basename, join } from 'node:path';
import type { Environment, EnvironmentKind } from '../../../protocol/environments';
import { isFault, type Files } from './files';
import { unreadable } from './find-python';
import { findKernelspecs } from './inspect-kernelspecs';
import { inspectConda } from './inspect-conda';
import { inspectInstallation } from './inspect-installation';
import { inspectVirtual } from './inspect-virtual';
import {
  environmentId,
  type Expectation,
  type Inspection,
  type Person,
  type PrefixCandidate,
  type Problem,
} from './inspection';
import { nameOfFolder } from './names';
import { ownerOf } from './users';

const expectedKind: Readonly<Record<Expectation, EnvironmentKind>> = {
  perhaps: 'venv',
  conda: 'conda',
  pixi: 'pixi',
  virtual: 'venv',
  pyenv: 'pyenv',
};

/**
 * Finds out from its files what a folder is, without running anything. `undefined` when it is no environment. A broken environment is
 * described with its problem.
 */
export async function inspectPrefix(
  files: Files,
  candidate: PrefixCandidate,
  person: Person,
): Promise<Inspection | undefined> {
  const { prefix, expectation } = candidate;
  const entries = await files.list(prefix);
  if (isFault(entries)) return inspectClosed(files, candidate, person);
  const names = new Set(entries.map((entry) => entry.name));
  const environment = await inspectOpen(files, candidate, names, person);
  if (environment === undefined) {
    const isRemnant = expectation !== 'perhaps' && (names.has('bin') || names.has('lib'));
    return isRemnant ? describeBroken(files, candidate, person, remnantOf(expectation)) : undefined;
  }
  return { environment, kernelspecs: await findKernelspecs(files, environment, person) };
}

async function inspectOpen(
  files: Files,
  candidate: PrefixCandidate,
  names: ReadonlySet<string>,
  person: Person,
): Promise<Environment | undefined> {
  if (names.has('conda-meta')) return inspectConda(files, candidate, names, person);
  if (names.has('pyvenv.cfg')) return inspectVirtual(files, candidate, names, person);
  if (candidate.expectation === 'pyenv' && names.has('bin')) {
    return inspectInstallation(
      files,
      { kind: 'pyenv', ...candidate, name: basename(candidate.prefix) },
      person,
    );
  }
  return undefined;
}

/** A folder that cannot be listed is worth a line only where an environment is expected. */
async function inspectClosed(
  files: Files,
  candidate: PrefixCandidate,
  person: Person,
): Promise<Inspection | undefined> {
  const { prefix, expectation } = candidate;
  const link = await files.lstat(prefix);
  if (isFault(link) && link.fault === 'absent') {
    // A name that is not UTF-8 comes back from the system as a path that is not there.
    if (!prefix.includes('\ufffd') || expectation === 'perhaps') return undefined;
    return describeBroken(files, candidate, person, unreadable('the name of its folder is not UTF-8'));
  }
  const facts = await files.stat(prefix);
  if (isFault(facts)) {
    if (expectation === 'perhaps') return undefined;
    const isDangling = facts.fault === 'absent';
    return describeBroken(
      files,
      candidate,
      person,
      isDangling
        ? { code: 'dangling-link', message: 'it is a link to a folder that is not there' }
        : unreadable(`its folder cannot be looked at (${facts.code})`),
    );
  }
  if (facts.type !== 'folder' || expectation === 'perhaps') return undefined;
  return describeBroken(files, candidate, person, unreadable('you may not read its folder'));
}

async function describeBroken(
  files: Files,
  candidate: PrefixCandidate,
  person: Person,
  problem: Problem,
): Promise<Inspection> {
  const { prefix, realPrefix, expectation } = candidate;
  const kind = expectedKind[expectation];
  const facts = await files.lstat(prefix);
  return {
    kernelspecs: [],
    environment: {
      id: environmentId(kind, realPrefix),
      kind,
      name: nameOfFolder(prefix),
      prefix,
      language: 'python',
      isWritable: await files.canWrite(prefix),
      ...ownerOf(isFault(facts) ? [] : [facts.uid], person),
      problem,
    },
  };
}

function remnantOf(expectation: Expectation): Problem {
  const mark = expectation === 'virtual' ? 'pyvenv.cfg' : join('conda-meta', 'history');
  return {
    code: 'half-removed',
    message: `${mark} is missing: it was not wholly made, or not wholly removed`,
  };
}
