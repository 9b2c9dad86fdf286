import { join } from 'node:path';
import * as v from 'valibot';
import { parseJson, parserOf, type Parser } from '../../../base/parse';
import { ensurePrivateFolder, readFileIfPresent, writePrivateFile } from '../../platform/private-files';
import { changeSchema, nameOfChange, type Change } from './changes';

/** The name of the record in the folder of the daemon's state. */
export const recordFile = 'installation.json';

const what = 'record of the installation';

const parseRecord = parserOf(
  what,
  v.object({ changes: v.array(changeSchema), packageFile: v.exactOptional(v.string()) }),
);

/** The same as it is written, with what a later version has added. */
const writtenSchema = v.looseObject({ changes: v.array(v.unknown()) });
const parseWritten = parserOf(what, writtenSchema);

/** What the installation has changed, in the order in which it did, so that `uninstall` undoes that and nothing else. */
export class InstallationRecord {
  private constructor(
    private readonly folder: string,
    private readonly known: Change[],
    private installedFrom: string | undefined,
    private readonly written: v.InferOutput<typeof writtenSchema>,
  ) {}

  /**
   * Reads the record in that folder; an absent one is empty. What a later version has added to it is left unread, and stays when the record is written
   * again. Rejects when it is damaged.
   */
  static async open(folder: string): Promise<InstallationRecord> {
    const path = join(folder, recordFile);
    const text = await readFileIfPresent(path);
    if (text === undefined) return new InstallationRecord(folder, [], undefined, { changes: [] });
    const { changes, packageFile } = read(text, parseRecord, path);
    return new InstallationRecord(folder, changes, packageFile, read(text, parseWritten, path));
  }

  /** Everything changed, the first change first. */
  get changes(): readonly Change[] {
    return this.known;
  }

  /** The program of the package that was copied, where npm put it; `undefined` when it was not copied from a package. */
  get packageFile(): string | undefined {
    return this.installedFrom;
  }

  /** Writes down from which package the program is, so that a later `install` finds the next version there. */
  async setPackageFile(path: string): Promise<void> {
    if (this.installedFrom === path) return;
    this.installedFrom = path;
    await this.save();
  }

  /**
   * Writes down changes before they are made, so that an installation that was cut off is undone, too. What a first installation has noted about
   * a place stays: a second one would see the first one's file there.
   */
  async add(changes: readonly Change[]): Promise<void> {
    const names = new Set(this.known.map(nameOfChange));
    const fresh = changes.filter((change) => !names.has(nameOfChange(change)));
    if (fresh.length === 0) return;
    this.known.push(...fresh);
    await this.save();
  }

  private async save(): Promise<void> {
    const { folder, known, installedFrom, written } = this;
    await ensurePrivateFolder(folder);
    const record = {
      ...written,
      changes: [...written.changes, ...known.slice(written.changes.length)],
      ...(installedFrom === undefined ? {} : { packageFile: installedFrom }),
    };
    await writePrivateFile(join(folder, recordFile), JSON.stringify(record));
  }
}

function read<T>(text: string, parser: Parser<T>, path: string): T {
  const result = parseJson(text, parser);
  if (!result.ok) throw new Error(`${path}: ${result.error.message}`);
  return result.value;
}
