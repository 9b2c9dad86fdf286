import * as v from 'valibot';
import { parserOf } from '../../base/parse';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(512));

const targetSchema = v.object({
  hostId: v.exactOptional(id),
  environmentId: v.exactOptional(id),
  kernelId: v.exactOptional(id),
});

/**
 * What a command is about, as rows of the tree, links in tooltips and other parts of the extension say it. What is absent is asked for.
 * Links and keybindings can be written by anyone, so commands read it with {@link parseCommandTarget}.
 */
export type CommandTarget = v.InferOutput<typeof targetSchema>;

/** Reads {@link CommandTarget}; other keys of a row are dropped. */
export const parseCommandTarget = parserOf('target of a command', targetSchema);
