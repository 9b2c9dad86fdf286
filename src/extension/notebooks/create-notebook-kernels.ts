import type { NotebookKernels } from '../editor/notebook-kernels';
import { NotebookKernelsInEditor } from './notebook-kernels-in-editor';
import type { NotebookKernelsOptions } from './notebook-kernels-options';

/**
 * Makes the notebook controllers from saved state, before any network, and goes on to run cells on remote kernels. To be called once, in
 * `activate`. Disposing it ends what it shows and leaves every kernel alone.
 */
export function createNotebookKernels(options: NotebookKernelsOptions): NotebookKernels {
  const notebookKernels = new NotebookKernelsInEditor(options);
  notebookKernels.start();
  return notebookKernels;
}
