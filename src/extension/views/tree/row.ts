import type { CommandTarget } from '../../editor/command-target';

/** One row of the tree as data: what a person sees and hears, and what the menus need to know. Made by pure functions, drawn by `tree-item.ts`. */
export interface TreeRow {
  /** Stable for the same thing, so that the editor keeps selection and expansion. */
  readonly id: string;
  readonly target: CommandTarget;
  readonly label: string;
  readonly description: string;
  readonly icon: { readonly id: string; readonly color?: string };
  /** Markdown without links. What came from elsewhere is escaped. */
  readonly tooltip: string;
  /** A sentence for a screen reader. */
  readonly accessibilityLabel: string;
  /** The kind of row, then what can be done with it, in alphabetical order: `host connectable forgettable`. */
  readonly contextValue: string;
  readonly expansion: 'none' | 'collapsed' | 'expanded';
  readonly isGreyed: boolean;
  readonly children: readonly TreeRow[];
}

/** Puts kind and capabilities together for `when` clauses. */
export function contextValue(kind: string, flags: Readonly<Record<string, boolean>>): string {
  const set = Object.keys(flags)
    .filter((flag) => flags[flag] === true)
    .sort();
  return [kind, ...set].join(' ');
}

/** Lines of a tooltip: `**label** value`, without those that have no value. */
export function tooltipLines(
  title: string,
  facts: readonly (readonly [label: string, value: string | undefined])[],
): string {
  const lines = facts
    .filter((fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1] !== '')
    .map(([label, value]) => `${label}: ${value}`);
  return [`**${title}**`, ...lines].join('  \n');
}
