import * as v from 'valibot';
import { daemonKeys, listenWords, portKey } from './daemon-keys';

/**
 * What the daemon of one user is told by that user: the keys of the administrator's file that have a meaning there. Every key has a default, so that an
 * empty object is a whole configuration; an unknown key is an error. `description` becomes part of the JSON schema that ships.
 */
export const singleUserConfigurationSchema = v.strictObject({
  name: daemonKeys.name,
  port: v.pipe(
    portKey,
    v.description('The port to listen on; 0 takes a free one, which a reload does not change.'),
  ),
  listen: v.pipe(
    v.optional(listenWords, ['localhost']),
    v.description(
      'IP addresses of this machine, "localhost", or "all". Default: this machine only, so that no other can connect.',
    ),
  ),
  announce: daemonKeys.announce,
  signInIdleDays: daemonKeys.signInIdleDays,
  signInDays: daemonKeys.signInDays,
  logLevel: daemonKeys.logLevel,
});

/** What the daemon of one user is told, with its defaults filled in. */
export type SingleUserConfiguration = Readonly<v.InferOutput<typeof singleUserConfigurationSchema>>;
