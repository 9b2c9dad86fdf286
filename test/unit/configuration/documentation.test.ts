import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { agentConfigurationSchema } from '../../../src/daemon/configuration/agent-configuration';
import { singleUserConfigurationSchema } from '../../../src/daemon/configuration/single-user-configuration';
import { systemConfigurationSchema } from '../../../src/daemon/configuration/system-configuration';
import { repository } from '../../../src/development/repository';

const page = readFileSync(join(repository, 'docs', 'configuration.md'), 'utf8');

/** The keys in the table below a heading, with their defaults as they are written; a key without one has an empty text. */
function tableBelow(heading: string): ReadonlyMap<string, string> {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading));
  assert.ok(section !== undefined, heading);
  const rows = section.matchAll(/^\| `([^`]+)` \| (?:`([^`]+)`)? ?\| /gm);
  return new Map([...rows].map(([, key = '', text = '']) => [key, text]));
}

const files = [
  ['Your daemon', singleUserConfigurationSchema],
  ['The daemon of root', systemConfigurationSchema],
  ['Agents', agentConfigurationSchema],
] as const;

for (const [heading, schema] of files) {
  test(`"${heading}" of docs/configuration.md has every key and its default`, () => {
    const defaults: Readonly<Record<string, unknown>> = v.parse(schema, {});
    const wanted = Object.keys(schema.entries).map(
      (key) => [key, Object.hasOwn(defaults, key) ? JSON.stringify(defaults[key]) : ''] as const,
    );
    assert.deepEqual([...tableBelow(heading)].sort(), [...wanted].sort());
  });
}
