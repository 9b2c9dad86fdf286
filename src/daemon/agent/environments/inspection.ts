import { createHash } from 'node:crypto';
import {
  environmentKinds,
  type Environment,
  type EnvironmentKind,
  type environmentProblems,
} from '../../../protocol/environments';

/** Why an environment cannot be used, with the sentence for people. */
export interface Problem {
  readonly code: (typeof environmentProblems)[number];
  readonly message: string;
}

/** Who asks: whose home, whose permissions, which variables. */
export interface Person {
  readonly uid: number | undefined;
  readonly homeFolder: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The name of a user of this host, if it is known. */
  userName(uid: number): string | undefined;
}

/** A kernelspec as the catalog keeps it: what is shown, and what is needed to tell whether it only repeats an environment. */
export interface KernelspecFound {
  readonly environment: Environment;
  /** The prefix of the Python that it runs as a plain `ipykernel_launcher`, when it does nothing else. */
  readonly repeatedPrefix?: string;
}

/** What a folder turned out to be. */
export interface Inspection {
  readonly environment: Environment;
  /** Kernelspecs installed in it that say more than the environment itself. */
  readonly kernelspecs: readonly KernelspecFound[];
}

/** Where a folder was found, which decides what is expected in it. */
export type Expectation =
  /** Perhaps an environment; silent when it is not. */
  | 'perhaps'
  /** A child of a folder of conda environments, or named by conda itself. */
  | 'conda'
  /** A child of a folder of pixi environments. */
  | 'pixi'
  /** A child of a folder of virtual environments, or a `.venv`. */
  | 'virtual'
  /** A child of pyenv's `versions`. */
  | 'pyenv';

/** A folder that may be an environment. */
export interface PrefixCandidate {
  /** As it was found, which is how people know it. */
  readonly prefix: string;
  /** With all links resolved; the same as `prefix` when that leads nowhere. */
  readonly realPrefix: string;
  readonly expectation: Expectation;
}

/** Tools that make the same sort of folder: an environment keeps its id when another of them changes it. */
const families: Readonly<Record<EnvironmentKind, string>> = {
  conda: 'conda',
  mamba: 'conda',
  micromamba: 'conda',
  pixi: 'pixi',
  venv: 'virtual',
  virtualenv: 'virtual',
  uv: 'virtual',
  pyenv: 'pyenv',
  system: 'system',
  kernelspec: 'kernelspec',
};

/** The id of an environment: the same for the same sort of environment at the same place (its path with links resolved). */
export function environmentId(kind: EnvironmentKind, realPlace: string): string {
  return createHash('sha256').update(`${families[kind]}\0${realPlace}`).digest('hex').slice(0, 16);
}

/** The stable order of the list: by kind, a base first, then by name and place. */
export function compareEnvironments(left: Environment, right: Environment): number {
  return (
    environmentKinds.indexOf(left.kind) - environmentKinds.indexOf(right.kind) ||
    Number(right.isBase ?? false) - Number(left.isBase ?? false) ||
    compareText(left.name, right.name) ||
    compareText(left.prefix, right.prefix) ||
    compareText(left.id, right.id)
  );
}

/** Whether two descriptions of an environment say the same. */
export function areSameEnvironment(left: Environment, right: Environment): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** By code points, so that the order is the same whatever the language of the host. */
function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
