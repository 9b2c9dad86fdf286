import * as v from 'valibot';
import { parserOf } from '../base/parse';

/** What an environment is made with. `kernelspec` is an installed Jupyter kernelspec of any language. */
export const environmentKinds = [
  'conda',
  'mamba',
  'micromamba',
  'pixi',
  'venv',
  'virtualenv',
  'uv',
  'pyenv',
  'system',
  'kernelspec',
] as const;

/** One of {@link environmentKinds}. */
export type EnvironmentKind = (typeof environmentKinds)[number];

/** Why an environment is listed as broken. */
export const environmentProblems = [
  'python-missing',
  'dangling-link',
  'not-executable',
  'unreadable',
  'half-removed',
  'kernelspec-unreadable',
  'program-missing',
] as const;

const environmentSchema = v.object({
  /** Stable for the same kind and place on this host: 16 hexadecimal digits. */
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'not an environment id')),
  kind: v.picklist(environmentKinds),
  name: v.string(),
  /** The folder of the environment, or the folder of the kernelspec. Absolute. */
  prefix: v.string(),
  /** `python` unless it is a kernelspec of another language. */
  language: v.string(),
  /** The interpreter, absolute. */
  python: v.exactOptional(v.string()),
  /** `3.11.7`, read from the environment's files. */
  pythonVersion: v.exactOptional(v.string()),
  /** Versions of the packages that make an environment able to run kernels. */
  ipykernel: v.exactOptional(v.string()),
  spyderKernels: v.exactOptional(v.string()),
  isWritable: v.boolean(),
  /** Whose it is: the user's own, the system's, or another user's, which is asked about before it is used. */
  owner: v.picklist(['self', 'root', 'other']),
  ownerName: v.exactOptional(v.string()),
  /** Set on the environment from which a conda-like installation runs. */
  isBase: v.exactOptional(v.boolean()),
  /** `conda-meta/frozen` is there: not to be changed. */
  isFrozen: v.exactOptional(v.boolean()),
  /** For `kernelspec`: the name under which Jupyter knows it, and what it shows. */
  kernelspec: v.exactOptional(
    v.object({ name: v.string(), displayName: v.string(), interruptMode: v.picklist(['signal', 'message']) }),
  ),
  problem: v.exactOptional(v.object({ code: v.picklist(environmentProblems), message: v.string() })),
});

/** A place with a Python, or an installed kernelspec, as its files say. */
export type Environment = Readonly<v.InferOutput<typeof environmentSchema>>;

/** Reads {@link Environment}. */
export const parseEnvironment = parserOf('environment', environmentSchema);

const environmentEventSchema = v.variant('event', [
  v.object({ event: v.literal('environment'), environment: environmentSchema }),
  v.object({ event: v.literal('removed'), id: v.string() }),
  /** The whole list has been sent once; with `?watch` changes follow, without it the stream ends. */
  v.object({ event: v.literal('complete'), total: v.number() }),
  v.object({ event: v.literal('ping') }),
]);

/**
 * One line of `GET /remote-kernels/v1/environments`. The same id again replaces what was said of it before. `?refresh` searches again first.
 */
export type EnvironmentEvent = v.InferOutput<typeof environmentEventSchema>;

/** Reads {@link EnvironmentEvent}. */
export const parseEnvironmentEvent = parserOf('environment event', environmentEventSchema);

/** Whether a kernel can be started in it without installing anything. */
export function canRunKernels(environment: Environment): boolean {
  if (environment.problem !== undefined) return false;
  return (
    environment.kind === 'kernelspec' ||
    environment.ipykernel !== undefined ||
    environment.spyderKernels !== undefined
  );
}

/** The name under which an environment appears as a kernelspec to Jupyter clients: `env-0123456789abcdef`. */
export function environmentKernelspecName(id: string): string {
  return `env-${id}`;
}

/** The environment's id in such a name. */
export function parseEnvironmentKernelspecName(name: string): string | undefined {
  return /^env-([0-9a-f]{16})$/.exec(name)?.[1];
}
