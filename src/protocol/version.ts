import { failed, parsed, type Parsed } from '../base/parse';

/**
 * The version of everything in this folder. The same major works together in both directions: unknown keys are ignored and optional ones
 * may be absent. Another major is an error that names the older side.
 */
export const protocolVersion = '1.0';

/** A parsed `major.minor`. */
export interface ProtocolVersion {
  readonly major: number;
  readonly minor: number;
}

/** Reads `major.minor`. */
export function parseProtocolVersion(text: unknown): Parsed<ProtocolVersion> {
  const match = typeof text === 'string' ? /^(\d{1,4})\.(\d{1,4})$/.exec(text) : null;
  if (match === null) return failed('a protocol version is written as major.minor');
  return parsed({ major: Number(match[1]), minor: Number(match[2]) });
}

/** How another side's version stands to ours; `older` and `newer` mean that the two cannot work together. */
export function compareProtocol(
  other: string,
  ours: string = protocolVersion,
): 'same' | 'older' | 'newer' | 'unreadable' {
  const theirs = parseProtocolVersion(other);
  const own = parseProtocolVersion(ours);
  if (!theirs.ok || !own.ok) return 'unreadable';
  if (theirs.value.major === own.value.major) return 'same';
  return theirs.value.major < own.value.major ? 'older' : 'newer';
}
