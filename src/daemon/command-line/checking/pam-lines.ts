/** The kinds of lines in a PAM service file. */
export type PamType = 'auth' | 'account' | 'password' | 'session';

/**
 * A line of a service file: a rule, the name of a file whose lines (or, with a type, only those of that type) stand in its place, or something that PAM
 * cannot read, which makes every sign-in fail.
 */
export type PamLine =
  | {
      readonly kind: 'rule';
      readonly line: number;
      readonly type: PamType;
      readonly control: string;
      readonly module: string;
      /** A hyphen before the type: the module may be missing. */
      readonly mayBeMissing: boolean;
    }
  | { readonly kind: 'include'; readonly line: number; readonly name: string; readonly type?: PamType }
  | { readonly kind: 'unreadable'; readonly line: number };

/** Reads the lines that say something (pam.d(5)): a backslash at the end goes on in the next line, and `#` begins a comment. */
export function readPamLines(text: string): readonly PamLine[] {
  const found: PamLine[] = [];
  let begun: { readonly line: number; readonly text: string } | undefined;
  for (const [at, physical] of text.split(/\r?\n/).entries()) {
    const whole = {
      line: begun?.line ?? at + 1,
      text: `${begun?.text ?? ''}${physical.replace(/#.*$/, '')}`,
    };
    begun = undefined;
    if (whole.text.endsWith('\\')) begun = { ...whole, text: `${whole.text.slice(0, -1)} ` };
    else if (whole.text.trim() !== '') found.push(readLine(whole.text.trim(), whole.line));
  }
  if (begun !== undefined && begun.text.trim() !== '') found.push(readLine(begun.text.trim(), begun.line));
  return found;
}

/**
 * Whether PAM goes on as if the line were not there when its module is missing, which it takes for the value `module_unknown` (pam.d(5)). A value
 * without an action in brackets has that of `default`, and without one that is bad.
 */
export function passesOverMissing(control: string): boolean {
  if (!control.startsWith('[')) return control === 'optional' || control === 'sufficient';
  const actionOf = (value: string) => new RegExp(`[[\\s]${value}\\s*=\\s*([^\\s\\]]+)`).exec(control)?.[1];
  return (actionOf('module_unknown') ?? actionOf('default')) === 'ignore';
}

function readLine(text: string, line: number): PamLine {
  const include = /^@include\s+(\S+)$/i.exec(text)?.[1];
  if (include !== undefined) return { kind: 'include', line, name: include };
  const [, hyphen, word, control, module] =
    /^(-?)(auth|account|password|session)\s+(\[[^\]]*\]|\S+)\s+(\S+)/i.exec(text) ?? [];
  if (word === undefined || control === undefined || module === undefined)
    return { kind: 'unreadable', line };
  const type = word.toLowerCase() as PamType;
  if (/^(include|substack)$/i.test(control)) return { kind: 'include', line, name: module, type };
  const isControl = control.startsWith('[') || /^(required|requisite|sufficient|optional)$/i.test(control);
  if (!isControl) return { kind: 'unreadable', line };
  return { kind: 'rule', line, type, control: control.toLowerCase(), module, mayBeMissing: hyphen === '-' };
}
