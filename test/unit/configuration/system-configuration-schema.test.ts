import { Ajv } from 'ajv';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import manifest from '../../../package.json';
import {
  makeSystemConfigurationSchema,
  systemConfigurationSchemaPath,
} from '../../../src/development/schemas/system-configuration-schema';
import { refused, understood } from './system-configuration-examples';

/** What JSON Schema has no words for: addresses, bytes, control characters, and what only a text can have wrong. */
const onlyTheParserRefuses = /give an IP address|control characters|"name": invalid length|there twice/;

const accepts = new Ajv({ strict: true }).compile(JSON.parse(makeSystemConfigurationSchema()));

test('the JSON schema that ships is the one made from the parser; if not, run: npm run schemas', () => {
  assert.equal(readFileSync(systemConfigurationSchemaPath, 'utf8'), makeSystemConfigurationSchema());
});

test('the editor checks the file of the daemon with it', () => {
  assert.deepEqual(manifest.contributes.jsonValidation, [
    { fileMatch: '**/remote-kernels/config.json', url: './schemas/system-configuration.schema.json' },
  ]);
});

for (const [text] of understood) {
  test(`the JSON schema accepts ${JSON.stringify(text)} as the parser does`, () => {
    assert.ok(accepts(JSON.parse(text)), JSON.stringify(accepts.errors));
  });
}

for (const [text, ...problems] of refused) {
  const isLeftToParser = problems.every((problem) => onlyTheParserRefuses.test(problem));
  if (problems.some((problem) => problem.includes('not JSON'))) continue;
  test(`the JSON schema ${isLeftToParser ? 'leaves to the parser' : 'refuses'} ${JSON.stringify(text)}`, () => {
    assert.equal(accepts(JSON.parse(text)), isLeftToParser);
  });
}
