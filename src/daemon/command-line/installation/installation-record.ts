import { join } from 'node:path';
import * as v from 'valibot';
import { parseJson, parserOf } from '../../../base/parse';
import { ensurePrivateFolder, readFileIfPresent, writePrivateFile } from '../../platform/private-files';
import { changeSchema, nameOfChange, type Change } from './changes';

const parseRecord = parserOf(
  'record of the installation',
  v.strictObject({ changes: v.array(changeSchema), packageFile: v.exactOptional(v.string()) }),
);

/** What the installation has changed, in the order in which it did, so that `uninstall` undoes that and nothing else. */
export class InstallationRecord {
  private constructor(
    private readonly folder: string,
    private readonly known: Change[],
    private installedFrom: string | undefined,
  ) {}

  /** Reads the record in that folder; an absent one is empty. Rejects when it is damaged. */
  static async open(folder: string): Promise<InstallationRecord> {
    const text = await readFileIfPresent(join(folder, 'installation.json'));
    if (text === undefined) return new InstallationRecord(folder, [], undefined);
    const result = parseJson(text, parseRecord);
    if (!result.ok) throw new Error(`${join(folder, 'installation.json')}: ${result.error.message}`);
    return new InstallationRecord(folder, result.value.changes, result.value.packageFile);
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
    const { folder, known, installedFrom } = this;
    await ensurePrivateFolder(folder);
    const record = {
      changes: known,
      ...(installedFrom === undefined ? {} : { packageFile: installedFrom }),
    };
    await writePrivateFile(join(folder, 'installation.json'), JSON.stringify(record));
  }
}
