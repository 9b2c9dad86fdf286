import * as v from 'valibot';
import { parserOf } from '../base/parse';

const journalQuerySchema = v.object({
  /** Entries with a greater number. */
  after: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** Only entries whose parent is this request. */
  request: v.exactOptional(v.pipe(v.string(), v.maxLength(200))),
  /** At most that many. */
  limit: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000))),
});

/** The query of `GET …/journal`. */
export type JournalQuery = v.InferOutput<typeof journalQuerySchema>;

/** Reads {@link JournalQuery} after its numbers were parsed. */
export const parseJournalQuery = parserOf('journal query', journalQuerySchema);

const journalEntrySchema = v.variant('kind', [
  v.object({
    kind: v.literal('message'),
    /** From 1, without gaps, for the life of the kernel. */
    number: v.number(),
    channel: v.string(),
    /** Header, parent header, metadata and content as the kernel sent them; buffers in base64. */
    message: v.record(v.string(), v.unknown()),
    buffers: v.exactOptional(v.array(v.string())),
  }),
  /** What is not there any more, said instead of missing silently. */
  v.object({
    kind: v.literal('gap'),
    first: v.number(),
    last: v.number(),
    sizeBytes: v.number(),
    reason: v.string(),
  }),
]);

/** One line of a keeper's journal, as NDJSON. */
export type JournalEntry = v.InferOutput<typeof journalEntrySchema>;

/** Reads {@link JournalEntry}. */
export const parseJournalEntry = parserOf('journal entry', journalEntrySchema);
