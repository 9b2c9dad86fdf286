import { rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { Sequence } from '../../base/sequence';
import { parseJson } from '../../base/parse';
import {
  parseKeeperRecord,
  type KeeperOrder,
  type KeeperRecord,
  type KeeperSettings,
} from '../../protocol/keeper';
import { readFileIfPresent, writePrivateFile } from '../platform/private-files';
import { isSameProcess, processStartTime, readBootId } from '../platform/processes';
import { claimKernel, removeClaims } from './kernel-claim';
import { outputFifoPath } from './output-fifo';

/** What changes in a record while the kernel runs. */
export type RecordFacts = Pick<KeeperRecord, 'kernel' | 'startedAt' | 'restarts' | 'gaps' | 'session'> & {
  /** Those of the order, changed meanwhile, so that a keeper which adopts the kernel goes on with them. */
  readonly settings: KeeperSettings;
};

type ConstantFacts = Omit<KeeperRecord, keyof RecordFacts | 'order'>;

/** The name of the log in a kernel's state folder, and with `.1` of the one older log. */
export const logFileName = 'keeper.log';

const recordFileName = 'record.json';

/** `record.json` of one kernel, kept in step with what is true. */
export class RecordFile {
  private readonly writes = new Sequence();
  /** Known once the record is written. */
  private constant: ConstantFacts | undefined;
  private written = '';
  private isOurs = false;
  private isRemoved = false;

  constructor(
    private readonly order: KeeperOrder,
    private readonly paths: { readonly socket: string; readonly connectionFile: string },
    private readonly log: Logger,
  ) {}

  /**
   * Writes it for the first time. Throws a `WireError` when the disk is full or read-only, and an ordinary error when this kernel already has
   * a keeper, whose files are then left alone.
   */
  async create(facts: RecordFacts): Promise<void> {
    if (!(await claimKernel(this.order.stateFolder)))
      throw new Error('another keeper has this kernel or is about to have it');
    await this.expectNoKeeper();
    this.isOurs = true;
    const constant = {
      bootId: await readBootId(),
      keeperPid: process.pid,
      keeperStartTime: (await processStartTime(process.pid)) ?? '',
      ...this.paths,
    };
    await this.write(facts, constant);
    this.constant = constant;
  }

  /** Writes it again. A disk that is full leaves the old record, which the log then says: the kernel goes on. */
  update(facts: RecordFacts): void {
    const { constant } = this;
    if (constant === undefined) return;
    void this.writes.run(async () => {
      if (!this.isRemoved)
        await this.write(facts, constant).catch((error: unknown) =>
          this.log.error('the record is not up to date', error),
        );
    });
  }

  /** Resolves when everything asked for so far is written. */
  settled(): Promise<void> {
    return this.writes.run(() => Promise.resolve());
  }

  /** Removes the kernel's files and its folder: nothing is left that lets anybody believe that it lives. Files of another keeper stay. */
  async remove(): Promise<void> {
    this.isRemoved = true;
    if (!this.isOurs) return;
    await this.settled();
    const folder = this.order.stateFolder;
    const names = [recordFileName, logFileName, `${logFileName}.1`].map((name) => join(folder, name));
    const { connectionFile, socket } = this.paths;
    for (const path of [...names, connectionFile, socket, outputFifoPath(this.order)])
      await unlink(path).catch(ignoreMissing);
    await removeClaims(folder);
    await rmdir(folder).catch(() => this.log.warn(`${folder} holds something else and stays`));
  }

  private async expectNoKeeper(): Promise<void> {
    const text = await readFileIfPresent(join(this.order.stateFolder, recordFileName));
    if (text === undefined) return;
    const found = parseJson(text, parseKeeperRecord);
    const isKept =
      found.ok &&
      (await isSameProcess({ pid: found.value.keeperPid, startTime: found.value.keeperStartTime }));
    if (isKept || this.order.adopt === undefined)
      throw new Error('this kernel already has a record and a keeper');
  }

  private async write({ settings, ...facts }: RecordFacts, constant: ConstantFacts): Promise<void> {
    const order: KeeperOrder = { ...this.order, settings };
    delete order.adopt;
    const record: KeeperRecord = { order, ...constant, ...facts };
    const text = JSON.stringify(record);
    if (text === this.written) return;
    await writePrivateFile(join(this.order.stateFolder, recordFileName), text);
    this.written = text;
  }
}

function ignoreMissing(error: unknown): void {
  if (systemErrorCode(error) !== 'ENOENT') throw error;
}
