import { toJsonSchema } from '@valibot/to-json-schema';
import { join } from 'node:path';
import type * as v from 'valibot';
import { agentConfigurationSchema } from '../../daemon/configuration/agent-configuration';
import { singleUserConfigurationSchema } from '../../daemon/configuration/single-user-configuration';
import { systemConfigurationSchema } from '../../daemon/configuration/system-configuration';
import { repository } from '../repository';

/** The JSON schema of a configuration file; all ship with both packages. */
export interface ConfigurationSchema {
  /** Where it lies. */
  readonly path: string;
  /** What it is made from: the schema that the daemon parses the file with. */
  readonly source: v.GenericSchema;
  readonly title: string;
}

/** The schema of the administrator's file for the daemon of many users. */
export const ofSystem: ConfigurationSchema = {
  path: join(repository, 'schemas', 'system-configuration.schema.json'),
  source: systemConfigurationSchema,
  title: '/etc/remote-kernels/config.json: the daemon of many users',
};

/** The schema of a user's file for the daemon of that user. */
export const ofSingleUser: ConfigurationSchema = {
  path: join(repository, 'schemas', 'single-user-configuration.schema.json'),
  source: singleUserConfigurationSchema,
  title: '~/.config/remote-kernels/config.json: the daemon of a single user',
};

/** The schema of the files for agents, the administrator's and those of users. */
export const ofAgent: ConfigurationSchema = {
  path: join(repository, 'schemas', 'agent-configuration.schema.json'),
  source: agentConfigurationSchema,
  title: '/etc/remote-kernels/agent.json and ~/.config/remote-kernels/agent.json: the agents of users',
};

/** Every schema that ships. */
export const configurationSchemas: readonly ConfigurationSchema[] = [ofSystem, ofSingleUser, ofAgent];

/**
 * What a JSON schema has no word for. The parser is stricter in these: an address to listen on has to be one, a name has no control characters
 * and is measured in bytes after its spaces are taken off.
 */
const onlyForTheParser = ['check', 'trim', 'max_bytes'];

/** The text of a JSON schema (draft-07, which editors read). */
export function makeConfigurationSchema({ source, title }: ConfigurationSchema): string {
  const { $schema, properties, ...rest } = toJsonSchema(source, {
    typeMode: 'input',
    ignoreActions: onlyForTheParser,
  });
  const schema = {
    $schema,
    title,
    ...rest,
    properties: {
      $schema: { type: 'string', description: 'Where editors find this description; the daemon ignores it.' },
      ...properties,
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
