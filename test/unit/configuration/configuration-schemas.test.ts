import { Ajv } from 'ajv';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import test from 'node:test';
import manifest from '../../../package.json';
import {
  configurationSchemas,
  makeConfigurationSchema,
  ofAgent,
  ofSingleUser,
  ofSystem,
  type ConfigurationSchema,
} from '../../../src/development/schemas/configuration-schemas';
import { refusedAgents, understoodAgents } from './agent-configuration-examples';
import { refusedSingleUsers, understoodSingleUsers } from './single-user-configuration-examples';
import { refused, understood } from './system-configuration-examples';

/** What JSON Schema has no words for: addresses, bytes, control characters, and what only a text can have wrong. */
const onlyTheParserRefuses = /give an IP address|control characters|"name": invalid length|there twice/;

const compile = (schema: ConfigurationSchema) =>
  new Ajv({ strict: true }).compile(JSON.parse(makeConfigurationSchema(schema)));

test('the JSON schemas that ship are those made from the parsers; if not, run: npm run schemas', () => {
  for (const schema of configurationSchemas)
    assert.equal(readFileSync(schema.path, 'utf8'), makeConfigurationSchema(schema), schema.path);
  const [first] = configurationSchemas;
  assert.ok(first !== undefined);
  assert.deepEqual(
    readdirSync(dirname(first.path)).sort(),
    configurationSchemas.map(({ path }) => basename(path)).sort(),
  );
});

test('the editor checks each file with its own, and a file of no known place with that of root', () => {
  assert.deepEqual(manifest.contributes.jsonValidation, [
    {
      fileMatch: ['**/remote-kernels/config.json', '!**/.config/remote-kernels/config.json'],
      url: './schemas/system-configuration.schema.json',
    },
    {
      fileMatch: '**/.config/remote-kernels/config.json',
      url: './schemas/single-user-configuration.schema.json',
    },
    { fileMatch: '**/remote-kernels/agent.json', url: './schemas/agent-configuration.schema.json' },
  ]);
});

const examples: readonly [
  whose: string,
  schema: ConfigurationSchema,
  understood: readonly (readonly [text: string, value: object])[],
  refused: readonly (readonly [text: string, ...problems: string[]])[],
][] = [
  ['of many users', ofSystem, understood, refused],
  ['of one user', ofSingleUser, understoodSingleUsers, refusedSingleUsers],
  ['of agents', ofAgent, understoodAgents, refusedAgents],
];

for (const [whose, schema, understoodTexts, refusedTexts] of examples) {
  const accepts = compile(schema);
  for (const [text] of understoodTexts) {
    test(`the JSON schema ${whose} accepts ${JSON.stringify(text)} as the parser does`, () => {
      assert.ok(accepts(JSON.parse(text)), JSON.stringify(accepts.errors));
    });
  }
  for (const [text, ...problems] of refusedTexts) {
    const isLeftToParser = problems.every((problem) => onlyTheParserRefuses.test(problem));
    if (problems.some((problem) => problem.includes('not JSON'))) continue;
    test(`the JSON schema ${whose} ${isLeftToParser ? 'leaves to the parser' : 'refuses'} ${JSON.stringify(text)}`, () => {
      assert.equal(accepts(JSON.parse(text)), isLeftToParser);
    });
  }
}
