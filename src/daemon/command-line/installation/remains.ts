import { toError } from '../../../base/errors';

/** Something that an uninstallation did not remove. */
export interface Remains {
  /** For a person. */
  readonly words: string;
  /** Whether it was to be removed and could not; otherwise it is somebody else's and stays. */
  readonly isFault: boolean;
}

/** What belongs to others. */
export function left(words: string): Remains {
  return { words, isFault: false };
}

/** Does a part of an uninstallation. What goes wrong in it is told among the rest, and keeps no other part from being done. */
export async function attempt(
  what: string,
  work: () => Promise<readonly Remains[] | undefined>,
): Promise<readonly Remains[]> {
  try {
    return (await work()) ?? [];
  } catch (error) {
    return [{ words: `${what}: ${toError(error).message}`, isFault: true }];
  }
}
