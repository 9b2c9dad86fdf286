import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../../base/disposable';

/** A line of a list that knows what it stands for. */
export interface LiveItem<T> extends vscode.QuickPickItem {
  readonly value?: T;
  /** The same for the same thing when the list is made again, so that the chosen line stays chosen. */
  readonly id: string;
}

/** A list that goes on changing while it is open. */
export interface LiveListOptions<T> {
  readonly title: string;
  readonly placeholder: string;
  /** Makes the lines; asked at once and after every change. */
  readonly items: (typed: string) => readonly LiveItem<T>[];
  /** Whether more may come. */
  readonly isBusy: () => boolean;
  /** Calls back when `items` gives something else. */
  readonly watch?: (onChange: () => void) => Disposable;
  /** A press on a button of a line. */
  readonly onButton?: (item: LiveItem<T>) => void;
}

/** Shows the list. Resolves with what the person chose, or `undefined` when it was dismissed. */
export async function showLiveList<T>(options: LiveListOptions<T>): Promise<T | undefined> {
  const owned = new DisposableStore();
  const list = owned.add(vscode.window.createQuickPick<LiveItem<T>>());
  list.title = options.title;
  list.placeholder = options.placeholder;
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  const draw = () => {
    const active = list.activeItems[0]?.id;
    list.keepScrollPosition = true;
    list.items = options.items(list.value);
    const same = active === undefined ? undefined : list.items.find((item) => item.id === active);
    if (same !== undefined) list.activeItems = [same];
    list.busy = options.isBusy();
  };
  try {
    return await new Promise<T | undefined>((resolve) => {
      if (options.watch !== undefined) owned.add(options.watch(draw));
      owned.add(list.onDidChangeValue(draw));
      owned.add(
        list.onDidAccept(() => {
          const chosen = list.selectedItems[0];
          if (chosen?.value === undefined) return;
          resolve(chosen.value);
          list.hide();
        }),
      );
      owned.add(list.onDidTriggerItemButton(({ item }) => options.onButton?.(item)));
      owned.add(list.onDidHide(() => resolve(undefined)));
      draw();
      list.show();
    });
  } finally {
    owned.dispose();
  }
}
