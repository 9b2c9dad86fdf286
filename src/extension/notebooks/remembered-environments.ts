import type { Memento } from 'vscode';
import * as v from 'valibot';
import { parserOf } from '../../base/parse';
import { environmentKinds, type Environment } from '../../protocol/environments';
import type { EnvironmentReference } from '../editor/notebook-kernels';

const rememberedEnvironmentSchema = v.object({
  hostId: v.string(),
  hostName: v.string(),
  environmentId: v.string(),
  name: v.string(),
  kind: v.picklist(environmentKinds),
  prefix: v.string(),
  language: v.string(),
  pythonVersion: v.exactOptional(v.string()),
  /** What a notebook's file says for a kernel of another language. */
  kernelspec: v.exactOptional(v.object({ name: v.string(), displayName: v.string() })),
  isPinned: v.boolean(),
  /** Milliseconds since the epoch; 0 if it was only pinned. */
  lastUsedAt: v.number(),
  /** The person agreed to run code of an environment that belongs to this other user. */
  trustedOwner: v.exactOptional(v.string()),
});

/** An environment that was used with notebooks or pinned, with all that a controller shows, so that it can be made without the host. */
export type RememberedEnvironment = Readonly<v.InferOutput<typeof rememberedEnvironmentSchema>>;

const parseList = parserOf('remembered environments', v.array(rememberedEnvironmentSchema));

const storageKey = 'remoteKernels.environments';

/** Besides pinned ones: more would drown the kernel picker. */
const maxUsed = 12;

/** The environments that have controllers of their own, kept for all windows. */
export class RememberedEnvironments {
  constructor(
    private readonly memento: Memento,
    /** Whether a notebook that is open uses it: it is never forgotten then. */
    private readonly isInUse: (reference: EnvironmentReference) => boolean = () => false,
  ) {}

  /** All of them, in no particular order. What cannot be read counts as nothing. */
  all(): readonly RememberedEnvironment[] {
    const result = parseList(this.memento.get(storageKey) ?? []);
    return result.ok ? result.value : [];
  }

  /** The one, if it is remembered. */
  get(reference: EnvironmentReference): RememberedEnvironment | undefined {
    return this.all().find((environment) => isSameEnvironment(environment, reference));
  }

  /** Remembers the environment, or what changed of it. */
  async set(environment: RememberedEnvironment): Promise<void> {
    const others = this.all().filter((other) => !isSameEnvironment(other, environment));
    await this.memento.update(storageKey, keepUseful([...others, environment], this.isInUse));
  }
}

/** Whether both name one environment of one host. */
export function isSameEnvironment(one: EnvironmentReference, other: EnvironmentReference): boolean {
  return one.hostId === other.hostId && one.environmentId === other.environmentId;
}

/** Pinned ones all, those in use, and of the others those used last. */
export function keepUseful(
  environments: readonly RememberedEnvironment[],
  isInUse: (reference: EnvironmentReference) => boolean,
): RememberedEnvironment[] {
  const byUse = [...environments].sort((one, other) => other.lastUsedAt - one.lastUsedAt);
  const used = new Set(byUse.filter((environment) => !environment.isPinned).slice(0, maxUsed));
  return environments.filter(
    (environment) => environment.isPinned || used.has(environment) || isInUse(environment),
  );
}

/** What is to be remembered of an environment, keeping what a person decided about it before. */
export function rememberEnvironment(
  host: { readonly id: string; readonly name: string },
  environment: Environment,
  before: RememberedEnvironment | undefined,
): RememberedEnvironment {
  return {
    hostId: host.id,
    hostName: host.name,
    environmentId: environment.id,
    name: environment.name,
    kind: environment.kind,
    prefix: environment.prefix,
    language: environment.language,
    ...(environment.pythonVersion === undefined ? {} : { pythonVersion: environment.pythonVersion }),
    ...(environment.kernelspec === undefined
      ? {}
      : {
          kernelspec: {
            name: environment.kernelspec.name,
            displayName: environment.kernelspec.displayName,
          },
        }),
    isPinned: before?.isPinned ?? false,
    lastUsedAt: before?.lastUsedAt ?? 0,
    ...(before?.trustedOwner === undefined ? {} : { trustedOwner: before.trustedOwner }),
  };
}
