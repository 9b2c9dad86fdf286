import type { EnvironmentKind } from '../../../protocol/environments';

/** What a `pyvenv.cfg` says (PEP 405, and the keys that virtualenv and uv add). */
export interface VirtualConfiguration {
  readonly kind: EnvironmentKind & ('venv' | 'virtualenv' | 'uv');
  /** `3.11.7`, of the Python it was made with. */
  readonly pythonVersion: string | undefined;
  /** The folder of the Python it was made with. */
  readonly home: string | undefined;
  readonly usesSystemPackages: boolean;
  readonly prompt: string | undefined;
}

/** Reads a `pyvenv.cfg`: `key = value` lines, keys without regard to case. What is no such line is passed over. */
export function parseVirtualConfiguration(text: string): VirtualConfiguration {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const equals = line.indexOf('=');
    if (equals < 0) continue;
    values.set(line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim());
  }
  const written = values.get('version') ?? values.get('version_info');
  return {
    kind: values.has('uv') ? 'uv' : values.has('virtualenv') ? 'virtualenv' : 'venv',
    pythonVersion: written === undefined ? undefined : parseVersion(written),
    home: values.get('home'),
    usesSystemPackages: values.get('include-system-site-packages')?.toLowerCase() === 'true',
    prompt: unquote(values.get('prompt')),
  };
}

/** `3.11.7` of `3.11.7`, `3.11.7+` or virtualenv's `3.11.7.final.0`; `3.13.0rc1` of `3.13.0.candidate.1`. */
function parseVersion(text: string): string | undefined {
  const match = /^(\d+\.\d+(?:\.\d+)?)((?:a|b|rc)\d+)?(?:\.(alpha|beta|candidate|final)\.(\d+))?/.exec(text);
  if (match?.[1] === undefined) return undefined;
  const stage = match[3] === undefined ? undefined : { alpha: 'a', beta: 'b', candidate: 'rc' }[match[3]];
  return `${match[1]}${match[2] ?? (stage === undefined ? '' : `${stage}${match[4] ?? ''}`)}`;
}

/** venv writes the prompt as a Python literal, uv as it is. */
function unquote(text: string | undefined): string | undefined {
  const inner = text === undefined ? undefined : /^(['"])(.*)\1$/.exec(text)?.[2];
  const prompt = inner ?? text;
  return prompt === '' ? undefined : prompt;
}
