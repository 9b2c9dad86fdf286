import { toJsonSchema } from '@valibot/to-json-schema';
import { join } from 'node:path';
import { systemConfigurationSchema } from '../../daemon/configuration/system-configuration';
import { repository } from '../repository';

/** Where the JSON schema of the administrator's file lies; it ships with both packages. */
export const systemConfigurationSchemaPath = join(repository, 'schemas', 'system-configuration.schema.json');

/**
 * What a JSON schema has no word for. The parser is stricter in these: an address to listen on has to be one, a name has no control characters
 * and is measured in bytes after its spaces are taken off.
 */
const onlyForTheParser = ['check', 'trim', 'max_bytes'];

/** The text of the JSON schema (draft-07, which editors read), made from what the daemon parses with. */
export function makeSystemConfigurationSchema(): string {
  const { $schema, properties, ...rest } = toJsonSchema(systemConfigurationSchema, {
    typeMode: 'input',
    ignoreActions: onlyForTheParser,
  });
  const schema = {
    $schema,
    title: '/etc/remote-kernels/config.json: the daemon of many users',
    ...rest,
    properties: {
      $schema: { type: 'string', description: 'Where editors find this description; the daemon ignores it.' },
      ...properties,
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
