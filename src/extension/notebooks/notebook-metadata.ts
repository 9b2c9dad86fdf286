import { t } from '@vscode/l10n';
import { toSingleLine } from '../../base/text';
import { toObject, type JsonObject } from './outputs/cell-message';

/** What is known of a kernel that a notebook's file should say. */
export interface KernelLanguage {
  /** As the environment says: `python`, `R`. */
  readonly language: string;
  /** The kernelspec's own names for what is not a Python environment. */
  readonly kernelspec?: { readonly name: string; readonly displayName: string };
  /** `language_info` of the kernel's `kernel_info_reply`. */
  readonly languageInfo?: JsonObject;
}

/**
 * The document metadata after a kernel of that language ran in the notebook, or `undefined` if nothing of it differs. A Python environment
 * becomes the kernelspec that every Jupyter has (`python3`): our environments mean nothing to a colleague. A kernelspec of the same language
 * that the file already names is left alone.
 */
export function withKernelLanguage(
  documentMetadata: unknown,
  kernel: KernelLanguage,
): JsonObject | undefined {
  const before = toObject(documentMetadata);
  const file = toObject(before['metadata']);
  const kernelspec = isSameLanguage(file, kernel.language) ? undefined : kernelspecOf(kernel);
  const languageInfo =
    kernel.languageInfo === undefined || isEqual(file['language_info'], kernel.languageInfo)
      ? undefined
      : kernel.languageInfo;
  if (kernelspec === undefined && languageInfo === undefined) return undefined;
  return {
    ...before,
    metadata: {
      ...file,
      ...(kernelspec === undefined ? {} : { kernelspec }),
      ...(languageInfo === undefined ? {} : { language_info: languageInfo }),
    },
  };
}

/** The language that a notebook's file names, if it names one. */
export function notebookLanguage(documentMetadata: unknown): string | undefined {
  const file = toObject(toObject(documentMetadata)['metadata']);
  const fromKernelspec = toObject(file['kernelspec'])['language'];
  if (typeof fromKernelspec === 'string' && fromKernelspec !== '') return fromKernelspec;
  const fromInfo = toObject(file['language_info'])['name'];
  return typeof fromInfo === 'string' && fromInfo !== '' ? fromInfo : undefined;
}

/** The sentence for a notebook in another language than the kernel's, or `undefined` if the two fit. */
export function languageMismatch(
  documentMetadata: unknown,
  kernel: { readonly language: string; readonly environmentName: string; readonly hostName: string },
): string | undefined {
  const written = notebookLanguage(documentMetadata);
  if (written === undefined || normalize(written) === normalize(kernel.language)) return undefined;
  const name = toSingleLine(kernel.environmentName, 80);
  const host = toSingleLine(kernel.hostName, 80);
  return t(
    'This notebook is written in {0}, and {1} on {2} runs {3}.',
    toSingleLine(written, 40),
    name,
    host,
    toSingleLine(kernel.language, 40),
  );
}

/** The editor's language for the code of a kernel, if it is one that we know. */
export function editorLanguageOf(language: string): string | undefined {
  switch (normalize(language)) {
    case 'python':
      return 'python';
    case 'r':
      return 'r';
    case 'julia':
      return 'julia';
    case 'bash':
      return 'shellscript';
    case 'javascript':
      return 'javascript';
    case 'typescript':
      return 'typescript';
    case 'c++':
      return 'cpp';
    default:
      return undefined;
  }
}

function kernelspecOf(kernel: KernelLanguage): JsonObject {
  if (normalize(kernel.language) === 'python')
    return { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' };
  const name = kernel.kernelspec?.name ?? kernel.language;
  return { name, display_name: kernel.kernelspec?.displayName ?? name, language: kernel.language };
}

function isSameLanguage(file: JsonObject, language: string): boolean {
  const kernelspec = toObject(file['kernelspec']);
  if (typeof kernelspec['name'] !== 'string') return false;
  const named = kernelspec['language'];
  if (typeof named === 'string') return normalize(named) === normalize(language);
  return normalize(language) === 'python' && /^python\d?$/.test(kernelspec['name']);
}

function normalize(language: string): string {
  return language
    .trim()
    .toLowerCase()
    .replace(/^ipython$/, 'python');
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** The same value with the keys of objects in order, so that two writings of it compare equal. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
