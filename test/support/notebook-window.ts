import { until, withDeadline } from '../../src/base/time';
import type { Workbench } from './workbench';

/** What a person does in a notebook of the window. */
export interface NotebookWindow {
  /** Opens a notebook of the workspace by its name. */
  open(name: string): Promise<void>;
  /** What the kernel's button at the top right says. */
  kernelLabel(): Promise<string>;
  /** Waits until the kernel's button says something like this. */
  waitForKernelLabel(pattern: RegExp): Promise<void>;
  /**
   * Chooses an entry of the picker of kernels. The editor asks for the extension first when there are several entries and none has been chosen
   * before.
   */
  chooseKernel(text: string | RegExp): Promise<void>;
  /** Runs every cell. */
  runAll(): Promise<void>;
  /** Runs one cell, counted from 0, once it has ended if it is running. */
  runCell(index: number): Promise<void>;
  /** Replaces the text of a cell. */
  replaceCell(index: number, source: string): Promise<void>;
  /** Waits until an image is drawn among the outputs. */
  waitForImage(): Promise<void>;
  /** Turns the wheel that often, down or (negative) up: outputs are drawn only where they can be seen. */
  scroll(turns: number): Promise<void>;
  /** The texts of all outputs that are drawn, in one string. */
  outputs(): Promise<string>;
  /** Waits until the outputs match. */
  waitForOutput(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** Saves it, and resolves when the tab no longer says that there is something to save. */
  save(): Promise<void>;
}

const waitMs = 30_000;

/** The notebook side of a workbench. */
export function notebookOf(
  workbench: Pick<Workbench, 'page' | 'runCommand' | 'pick' | 'pickRows'>,
): NotebookWindow {
  const { page } = workbench;
  const cells = page.locator('.notebookOverlay .cell-list-container .monaco-list-row');

  const outputs = async () => {
    const texts: string[] = [];
    for (const frame of page.frames()) {
      if (frame === page.mainFrame()) continue;
      // A frame may go while it is read; what it held is then drawn in another.
      texts.push(
        ...(await frame
          .locator('.output')
          .allInnerTexts()
          .catch(() => [])),
      );
    }
    return texts.join('\n');
  };

  return {
    async open(name) {
      const input = page.locator('.quick-input-widget:visible input.input');
      await page.keyboard.press('Control+p');
      await input.fill(name);
      await workbench.pick(name);
      await cells.first().waitFor();
    },
    async kernelLabel() {
      return page.locator('.kernel-label:visible').first().innerText();
    },
    async waitForKernelLabel(pattern) {
      await page.locator('.kernel-label:visible').filter({ hasText: pattern }).first().waitFor();
    },
    async chooseKernel(text) {
      await page.locator('.kernel-label:visible').first().click();
      if ((await workbench.pickRows()).some((row) => row.trim() === 'Remote Kernels'))
        await workbench.pick('Remote Kernels');
      await workbench.pick(text);
    },
    async runAll() {
      await workbench.runCommand('Notebook: Run All');
    },
    async runCell(index) {
      await cells.nth(index).hover();
      // While the cell runs the same place holds the button that stops it.
      await cells.nth(index).locator('.run-button-container .codicon-notebook-execute').first().click();
    },
    async scroll(turns) {
      await page.locator('.notebookOverlay .cell-list-container').hover();
      // The editor takes each turn of the wheel as a few lines, however far it was turned.
      for (let turn = 0; turn < Math.abs(turns); turn += 1)
        await page.mouse.wheel(0, 1000 * Math.sign(turns));
    },
    async replaceCell(index, source) {
      await cells.nth(index).locator('.cell-editor-container').first().click();
      await page.keyboard.press('Control+a');
      // As a paste, since typing would have brackets closed and lines indented by the editor.
      await page.keyboard.insertText(source);
      await page.keyboard.press('Escape');
    },
    async waitForImage() {
      const findWidth = async () => {
        for (const frame of page.frames()) {
          if (frame === page.mainFrame()) continue;
          const image = frame.locator('.output img').first();
          // A frame may go while it is asked; its successor is asked the next time.
          const isThere = await image.isVisible().catch(() => false);
          if (isThere && (await image.boundingBox())) return true;
        }
        return undefined;
      };
      await until(findWidth, withDeadline(waitMs, 'an image among the outputs'), 200);
    },
    outputs,
    waitForOutput(pattern, timeoutMs = waitMs) {
      let last = '';
      const signal = withDeadline(timeoutMs, `output like ${pattern.source}`);
      return until(
        async () => {
          last = await outputs();
          return pattern.test(last) ? last : undefined;
        },
        signal,
        200,
      ).catch((error: unknown) => {
        throw new Error(`no output matched ${pattern.source}; there was:\n${last}`, { cause: error });
      });
    },
    async save() {
      await workbench.runCommand('File: Save');
      await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
    },
  };
}
