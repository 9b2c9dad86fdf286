import type { NotebookDocument } from 'vscode';
import { chooseKernel, notebookInFront, type ChosenKernel } from '../choose';
import type { CommandDependencies } from '../dependencies';
import type { Invocation } from '../handler';
import { notebookOfKernel } from './open-notebook';

/** What a verb on a kernel acts on: a notebook, which knows its kernel and shows what happens; or a kernel without an open notebook. */
export type KernelSubject =
  | { readonly kind: 'notebook'; readonly notebook: NotebookDocument }
  /** `agentId` is of whoever was signed in when it was chosen. */
  | { readonly kind: 'kernel'; readonly chosen: ChosenKernel; readonly agentId: string | undefined };

/** The notebook in whose toolbar the verb was pressed or that is in front; else the kernel of the tree's row; else one that the person picks. */
export async function kernelSubject(
  dependencies: CommandDependencies,
  { target, notebook }: Invocation,
  title: string,
): Promise<KernelSubject | undefined> {
  const { notebookKernels } = dependencies;
  if (target.kernelId === undefined) {
    const candidate = notebook ?? notebookInFront();
    const reference = candidate === undefined ? undefined : notebookKernels.referenceOf(candidate);
    if (candidate !== undefined && reference?.kernelId !== undefined)
      return { kind: 'notebook', notebook: candidate };
  }
  const chosen = await chooseKernel(dependencies, target, title);
  if (chosen === undefined) return undefined;
  const open = notebookOfKernel(dependencies, chosen.host.id, chosen.kernel.id);
  return open === undefined
    ? { kind: 'kernel', chosen, agentId: chosen.host.agent.hello?.agentId }
    : { kind: 'notebook', notebook: open };
}

/** What the subject is called, for a question about it. */
export function subjectNames(
  { hosts, notebookKernels }: CommandDependencies,
  subject: KernelSubject,
): { readonly kernel: string; readonly host: string } {
  if (subject.kind === 'kernel') {
    const { host, kernel } = subject.chosen;
    return { kernel: kernel.session?.name ?? kernel.environmentName, host: host.name };
  }
  const reference = notebookKernels.referenceOf(subject.notebook);
  return {
    kernel: subject.notebook.uri.path.split('/').at(-1) ?? '',
    host: hosts.get(reference?.hostId ?? '')?.name ?? '',
  };
}
