import { agentConfigurationSchema } from './agent-configuration';
import { singleUserConfigurationSchema } from './single-user-configuration';
import { systemConfigurationPath, systemConfigurationSchema } from './system-configuration';

/** Keys that somebody may look for in a user's `config.json`, with where they belong. */
export const keysBesideSingleUser: Readonly<Record<string, string>> = sentences(
  singleUserConfigurationSchema.entries,
  [
    agentConfigurationSchema.entries,
    (key) => `"${key}" belongs to agent.json in the same folder, since it is about kernels and their agent`,
  ],
  [
    systemConfigurationSchema.entries,
    (key) =>
      `"${key}" belongs to the daemon that root runs for all users (${systemConfigurationPath}); one that serves only you has nothing like it${
        key === 'maxKernelsPerUser' ? ', but "maxKernels" in agent.json in the same folder' : ''
      }`,
  ],
);

/** Keys that somebody may look for in an `agent.json`, with where they belong. */
export const keysOfDaemon: Readonly<Record<string, string>> = sentences(agentConfigurationSchema.entries, [
  { ...systemConfigurationSchema.entries, ...singleUserConfigurationSchema.entries },
  (key) =>
    `"${key}" belongs to config.json in the same folder, since it is about the daemon${
      key === 'maxKernelsPerUser' ? '; here it is called "maxKernels"' : ''
    }`,
]);

type Entries = Readonly<Record<string, unknown>>;

/** A sentence for each key that is only in others; of several that have it the first one speaks. */
function sentences(
  own: Entries,
  ...others: readonly (readonly [entries: Entries, describe: (key: string) => string])[]
): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const [entries, describe] of others)
    for (const key of Object.keys(entries))
      if (!Object.hasOwn(own, key) && !found.has(key)) found.set(key, describe(key));
  return Object.fromEntries(found);
}
