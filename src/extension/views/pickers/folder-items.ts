import { t } from '@vscode/l10n';
import { escapeCodicons, toSingleLine } from '../../../base/text';
import type { Folders } from '../../../protocol/agent';

/** What a line of the folder list does: choose the folder that is shown, or show another. */
export type FolderStep =
  { readonly kind: 'choose'; readonly path: string } | { readonly kind: 'open'; readonly path: string };

/** One line of the folder list, as data. */
export interface FolderItem {
  readonly id: string;
  readonly icon: string;
  readonly label: string;
  readonly description: string;
  readonly isAlwaysShown: boolean;
  readonly step: FolderStep;
}

/** The lines for a folder: what was typed, the folder itself, its parent, the home folder, and what is inside. */
export function folderItems(
  folders: Folders,
  homeFolder: string | undefined,
  typed: string,
): readonly FolderItem[] {
  const items: FolderItem[] = [];
  const path = typed.trim();
  if (path.startsWith('/') || path === '~' || path.startsWith('~/')) {
    items.push(
      line('typed', 'arrow-right', t('Open {0}', toSingleLine(path, 200)), '', { kind: 'open', path }, true),
    );
  }
  const shown = toSingleLine(folders.path, 200);
  items.push(
    line('this', 'check', t('Use This Folder'), shown, { kind: 'choose', path: folders.path }, true),
  );
  if (folders.parent !== undefined) {
    items.push(
      line('parent', 'arrow-up', '..', folders.parent, { kind: 'open', path: folders.parent }, false),
    );
  }
  if (homeFolder !== undefined && homeFolder !== folders.path) {
    items.push(line('home', 'home', '~', homeFolder, { kind: 'open', path: homeFolder }, false));
  }
  for (const folder of folders.folders) {
    items.push(
      line(
        `folder/${folder.path}`,
        'folder',
        toSingleLine(folder.name, 200),
        '',
        { kind: 'open', path: folder.path },
        false,
      ),
    );
  }
  if (folders.isTruncated) {
    items.push(
      line(
        'more',
        'ellipsis',
        t('There are more folders. Type a path to open one.'),
        '',
        { kind: 'open', path: folders.path },
        true,
      ),
    );
  }
  return items;
}

function line(
  id: string,
  icon: string,
  label: string,
  description: string,
  step: FolderStep,
  isAlwaysShown: boolean,
): FolderItem {
  return {
    id,
    icon,
    label: escapeCodicons(label),
    description: escapeCodicons(toSingleLine(description, 200)),
    isAlwaysShown,
    step,
  };
}
