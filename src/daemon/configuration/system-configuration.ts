import * as v from 'valibot';
import { parserOf } from '../../base/parse';
import { environmentRules } from '../../protocol/agent';
import { daemonKeys, listenWords, portKey } from './daemon-keys';

/** The administrator's file for the daemon that serves many users. It must belong to root and be writable by nobody else. */
export const systemConfigurationPath = '/etc/remote-kernels/config.json';

const accountName = v.pipe(v.string(), v.regex(/^[^\s:/]{1,256}$/, 'not the name of an account'));
const names = v.pipe(v.array(accountName), v.maxLength(10_000));
// Groups of a domain can have spaces in their names.
const groupName = v.pipe(
  v.string(),
  v.regex(/^[^\s:/](?:[^:/\t\r\n]{0,254}[^\s:/])?$/, 'not the name of a group'),
);
const groupNames = v.pipe(v.array(groupName), v.maxLength(10_000));
const environmentRule = v.picklist(environmentRules);

/**
 * What the daemon of many users is told. Every key has a default, so that an empty object is a whole configuration; an unknown key is an
 * error, since a mistyped limit must not be a missing one. `description` becomes part of the JSON schema that ships.
 */
export const systemConfigurationSchema = v.strictObject({
  name: daemonKeys.name,
  port: v.pipe(
    portKey,
    v.description(
      'The port to listen on, from 1024 on (or from net.ipv4.ip_unprivileged_port_start, since the part with the network has no rights); 0 takes a free one.',
    ),
  ),
  listen: v.pipe(
    v.optional(listenWords, ['all']),
    v.description('IP addresses of this machine, "localhost", or "all".'),
  ),
  announce: daemonKeys.announce,
  minimumUid: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_fffe)), 1000),
    v.description('Accounts with a lower number are system accounts and cannot sign in. Default 1000.'),
  ),
  allowUsers: v.pipe(
    v.exactOptional(names),
    v.description(
      'If there is one of allowUsers and allowGroups, only accounts named by one of them can sign in.',
    ),
  ),
  allowGroups: v.pipe(v.exactOptional(groupNames), v.description('Members of these groups can sign in.')),
  denyUsers: v.pipe(
    v.optional(names, []),
    v.description('These accounts cannot sign in, whatever else is said.'),
  ),
  denyGroups: v.pipe(v.optional(groupNames, []), v.description('Members of these groups cannot sign in.')),
  allowRoot: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Whether root can sign in, whatever minimumUid says.'),
  ),
  maxKernelsPerUser: v.pipe(
    v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000))),
    v.description('How many kernels a user can have at the same time.'),
  ),
  environments: v.pipe(
    v.optional(
      v.union(
        [
          environmentRule,
          v.strictObject({
            default: v.pipe(
              v.optional(environmentRule, 'administer'),
              v.description('For users in none of the groups below. Default administer.'),
            ),
            groups: v.pipe(
              v.optional(v.record(groupName, environmentRule), {}),
              v.description(
                'For the members of each of these groups; in several groups the most permissive rule counts.',
              ),
            ),
          }),
        ],
        'expected "list", "administer", or an object such as { "default": "list", "groups": { "staff": "administer" } }',
      ),
      'administer',
    ),
    v.description(
      'Whether users can change environments through Remote Kernels ("administer") or only see and use them ("list"); for all, or by group. Default administer.',
    ),
  ),
  signInIdleDays: daemonKeys.signInIdleDays,
  signInDays: daemonKeys.signInDays,
  logLevel: daemonKeys.logLevel,
});

/** What the daemon of many users is told, with its defaults filled in. */
export type SystemConfiguration = Readonly<v.InferOutput<typeof systemConfigurationSchema>>;

/** Reads {@link SystemConfiguration} from the parsed content of a file; the messages of a file with lines are made in `system-configuration-file.ts`. */
export const parseSystemConfiguration = parserOf('configuration', systemConfigurationSchema);
