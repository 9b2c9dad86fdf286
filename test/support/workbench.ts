import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { chromium, type Locator, type Page } from 'playwright-core';
import { until, withDeadline } from '../../src/base/time';
import { preparedCodeServer } from '../../src/development/code-server';
import { startEditor } from '../../src/development/editor-server';
import { packExtension } from '../../src/development/packaging/extension-package';
import { artifacts } from '../../src/development/repository';
import { notebookOf, type NotebookWindow } from './notebook-window';
import { temporaryFolder } from './temporary-folder';

/** What a workbench is opened with. */
export interface WorkbenchOptions {
  /** The environment of the person at the keyboard, as `createTestHome` makes it. */
  readonly environment: Record<string, string>;
  /** The folder that is opened. */
  readonly workspace: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The `.vsix` to install; by default it is packed from the built bundles. */
  readonly extension?: string;
  /** The first part of the names of its screenshots. */
  readonly name: string;
}

/**
 * VS Code in a browser with the packaged extension installed, and what a person does in it. Every method waits for what it needs, for at most
 * {@link waitMs}, and says what it waited for.
 */
export interface Workbench {
  readonly page: Page;
  readonly notebook: NotebookWindow;
  /** Runs a command of the palette by its full title, such as `Remote Kernels: Show Log`. */
  runCommand(title: string): Promise<void>;
  /** Waits for a row of the open quick pick and chooses it. */
  pick(text: string | RegExp): Promise<void>;
  /** What the open quick pick offers, row by row. */
  pickRows(): Promise<string[]>;
  /** Waits for an input box with that title or prompt, and answers it. */
  answer(title: string | RegExp, value: string): Promise<void>;
  /** The text of the modal dialog. */
  dialogText(): Promise<string>;
  /** Presses a button of the modal dialog. */
  pressInDialog(button: string): Promise<void>;
  /** Waits for a notification with this text. */
  notification(text: string | RegExp): Promise<Locator>;
  /** Waits for an entry of the status bar with this text. */
  statusBar(text: string | RegExp): Promise<Locator>;
  /** Shows a view container by the name in the activity bar. */
  showView(name: string): Promise<void>;
  /** Waits for an item of the tree by what a screen reader says. */
  treeItem(name: string | RegExp): Promise<Locator>;
  /** Presses a button in the row of an item of the tree, by its title. */
  treeButton(item: string | RegExp, button: string): Promise<void>;
  /** Chooses an entry of the context menu of an item of the tree. */
  treeMenu(item: string | RegExp, entry: string): Promise<void>;
  /** Loads the window again, as *Developer: Reload Window* does. */
  reload(): Promise<void>;
  /** Keeps a picture in `artifacts/screenshots/`. */
  screenshot(name: string): Promise<void>;
}

/** How long a method of a workbench waits. */
export const waitMs = 30_000;

const browserWords = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

/** Packs the extension, installs it into a fresh editor, and opens it in a browser. All of it ends with the test. */
export async function openWorkbench(t: TestContext, options: WorkbenchOptions): Promise<Workbench> {
  const folder = await temporaryFolder(t);
  const extension = options.extension ?? join(folder, 'extension.vsix');
  if (options.extension === undefined) await packExtension(extension);
  const signal = AbortSignal.timeout(180_000);
  const codeServer = await preparedCodeServer(signal);
  const editor = await startEditor(
    {
      codeServer,
      folder: join(folder, 'editor'),
      workspace: options.workspace,
      extension,
      environment: options.environment,
      ...(options.settings === undefined ? {} : { settings: options.settings }),
    },
    signal,
  );
  t.after(() => editor.end());
  const browser = await chromium.launchPersistentContext(join(folder, 'browser'), {
    executablePath: '/usr/bin/chromium',
    args: browserWords,
    viewport: { width: 1400, height: 900 },
  });
  t.after(() => browser.close());
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(waitMs);
  await page.goto(`${editor.url}/?folder=${encodeURIComponent(options.workspace)}`);
  await page.locator('.monaco-workbench .statusbar').waitFor();
  return new PageWorkbench(page, options.name);
}

class PageWorkbench implements Workbench {
  readonly notebook: NotebookWindow;
  private pictures = 0;

  constructor(
    readonly page: Page,
    private readonly name: string,
  ) {
    this.notebook = notebookOf(this);
  }

  async runCommand(title: string): Promise<void> {
    const input = await this.openPalette();
    await input.fill(`>${title}`);
    await this.rows().filter({ hasText: title }).first().click();
  }

  async pick(text: string | RegExp): Promise<void> {
    await this.rows().filter({ hasText: text }).first().click();
  }

  async pickRows(): Promise<string[]> {
    await this.rows().first().waitFor();
    return this.rows().allInnerTexts();
  }

  async answer(title: string | RegExp, value: string): Promise<void> {
    const box = this.page.locator('.quick-input-widget:visible').filter({ hasText: title });
    await box.waitFor();
    await box.locator('input.input').fill(value);
    await this.page.keyboard.press('Enter');
  }

  async dialogText(): Promise<string> {
    return this.page.locator('.monaco-dialog-box').innerText();
  }

  async pressInDialog(button: string): Promise<void> {
    await this.page.locator('.monaco-dialog-box').getByRole('button', { name: button }).click();
    await this.page.locator('.monaco-dialog-box').waitFor({ state: 'detached' });
  }

  async notification(text: string | RegExp): Promise<Locator> {
    const found = this.page
      .locator('.notifications-toasts .notification-list-item')
      .filter({ hasText: text });
    await found.first().waitFor();
    return found.first();
  }

  async statusBar(text: string | RegExp): Promise<Locator> {
    const found = this.page.locator('.statusbar .statusbar-item').filter({ hasText: text });
    await found.first().waitFor();
    return found.first();
  }

  async showView(name: string): Promise<void> {
    const tab = this.page.locator('.activitybar').getByRole('tab', { name });
    await tab.waitFor();
    if ((await tab.getAttribute('aria-expanded')) !== 'true') await tab.click();
  }

  async treeItem(name: string | RegExp): Promise<Locator> {
    const found = this.page.getByRole('treeitem', { name });
    await found.first().waitFor();
    return found.first();
  }

  async treeButton(item: string | RegExp, button: string): Promise<void> {
    const row = await this.treeItem(item);
    await row.hover();
    await row.getByRole('button', { name: button, exact: true }).click();
  }

  async treeMenu(item: string | RegExp, entry: string): Promise<void> {
    const row = await this.treeItem(item);
    await row.click({ button: 'right' });
    const found = this.page.getByRole('menuitem', { name: entry, exact: true });
    await found.waitFor();
    // The editor takes no click in the first moment of a menu, which might have been meant for what was there before.
    await until(
      async () => {
        await found.click({ timeout: 1000 }).catch(() => undefined);
        return (await found.count()) === 0 ? true : undefined;
      },
      withDeadline(waitMs, `the choice of ${entry}`),
    );
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.locator('.monaco-workbench .statusbar').waitFor();
  }

  async screenshot(name: string): Promise<void> {
    const folder = join(artifacts, 'screenshots');
    await mkdir(folder, { recursive: true });
    this.pictures += 1;
    const number = this.pictures.toString().padStart(2, '0');
    await this.page.screenshot({ path: join(folder, `${this.name}-${number}-${name}.png`) });
  }

  private rows(): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row');
  }

  /** The key may come before the workbench listens, so it is pressed until the palette is there. */
  private async openPalette(): Promise<Locator> {
    const input = this.page.locator('.quick-input-widget:visible input.input');
    await until(
      async () => {
        await this.page.keyboard.press('F1');
        await input.waitFor({ timeout: 1000 }).catch(() => undefined);
        return (await input.count()) > 0 ? true : undefined;
      },
      withDeadline(waitMs, 'the command palette'),
    );
    return input;
  }
}

/** Reads a notebook as it lies on disk. */
export async function readNotebook(path: string): Promise<SavedNotebook> {
  const notebook = JSON.parse(await readFile(path, 'utf8')) as SavedNotebook;
  assert.ok(Array.isArray(notebook.cells), `${path} has no cells`);
  return notebook;
}

/** The part of nbformat that tests look at. */
export interface SavedNotebook {
  readonly metadata: {
    readonly kernelspec?: {
      readonly name: string;
      readonly language?: string;
      readonly display_name: string;
    };
    readonly language_info?: { readonly name: string };
  };
  readonly cells: readonly {
    readonly cell_type: string;
    readonly execution_count?: number | null;
    readonly source: string | readonly string[];
    readonly outputs?: readonly SavedOutput[];
  }[];
}

/** One output of a saved cell. */
export interface SavedOutput {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
  readonly ename?: string;
  readonly evalue?: string;
}
