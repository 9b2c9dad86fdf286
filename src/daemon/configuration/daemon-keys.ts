import * as v from 'valibot';
import { logLevels } from '../../base/logger';
import { defaultPort } from '../../protocol/front-door';
import { hasControlCharacters, listenWordRule, maxNameBytes, readListenWord } from './serve-options';

const listenWord = v.pipe(
  v.string(),
  v.check((word) => readListenWord(word) !== undefined, listenWordRule),
);
const days = v.pipe(v.number(), v.minValue(0.01), v.maxValue(3650));

/** The value of `port`; each daemon has its own words about it. */
export const portKey = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
  defaultPort,
);

/** The value of `listen`, without a default: each daemon has its own. */
export const listenWords = v.pipe(v.array(listenWord), v.minLength(1), v.maxLength(64));

/** Keys that mean the same to the daemon of many users and to that of one. `description` becomes part of the JSON schemas that ship. */
export const daemonKeys = {
  name: v.pipe(
    v.exactOptional(
      v.pipe(
        v.string(),
        v.trim(),
        v.minLength(1),
        v.maxBytes(maxNameBytes),
        v.check((name) => !hasControlCharacters(name), 'a name has no control characters'),
      ),
    ),
    v.description('The name that people see. Default: the first part of the name of the host.'),
  ),
  announce: v.pipe(
    v.optional(v.boolean(), true),
    v.description('Whether the host is announced on the network by mDNS.'),
  ),
  signInIdleDays: v.pipe(v.optional(days, 7), v.description('A sign-in ends after this long without use.')),
  signInDays: v.pipe(v.optional(days, 30), v.description('A sign-in ends after this long in any case.')),
  logLevel: v.pipe(
    v.optional(v.picklist(logLevels), 'info'),
    v.description('How much is written to the log. Default info.'),
  ),
} as const;
