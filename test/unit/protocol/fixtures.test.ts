import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Parser } from '../../../src/base/parse';
import * as agent from '../../../src/protocol/agent';
import * as announcement from '../../../src/protocol/announcement';
import * as commandLine from '../../../src/protocol/command-line';
import * as daemonControl from '../../../src/protocol/daemon-control';
import * as environments from '../../../src/protocol/environments';
import * as errors from '../../../src/protocol/errors';
import * as frontDoor from '../../../src/protocol/front-door';
import * as frontDoorProcess from '../../../src/protocol/front-door-process';
import * as jobs from '../../../src/protocol/jobs';
import * as journal from '../../../src/protocol/journal';
import * as jupyter from '../../../src/protocol/jupyter';
import * as keeper from '../../../src/protocol/keeper';
import * as kernels from '../../../src/protocol/kernels';
import * as pam from '../../../src/protocol/pam';
import * as resumable from '../../../src/protocol/resumable-channels';
import * as supervisor from '../../../src/protocol/supervisor';

const folder = join(import.meta.dirname, '../../fixtures/protocol');
const modules = [
  agent,
  announcement,
  commandLine,
  daemonControl,
  environments,
  errors,
  frontDoor,
  frontDoorProcess,
  jobs,
  journal,
  jupyter,
  keeper,
  kernels,
  pam,
  resumable,
  supervisor,
];
const parsers = new Map<string, Parser<unknown>>(
  modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, value]): [string, Parser<unknown>][] =>
      name.startsWith('parse') && typeof value === 'function' ? [[name, value as Parser<unknown>]] : [],
    ),
  ),
);
/** Parsers of a single text, which have tables of their own. */
const ofText = new Set([
  'parseEnvironmentKernelspecName',
  'parsePairingCode',
  'parseDoorAnswer',
  'parseKernelStart',
  'parseSessionStart',
  'parseKeeperSettings',
]);

interface Fixture {
  readonly parser: string;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
}

const fixtures = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ file, fixture: JSON.parse(readFileSync(join(folder, file), 'utf8')) as Fixture }));

for (const { file, fixture } of fixtures) {
  test(`${file}: every example is read as it is meant`, () => {
    const parse = parsers.get(fixture.parser);
    assert.ok(parse, `no parser ${fixture.parser} in protocol/`);
    assert.ok(fixture.accepted.length > 0 && fixture.refused.length > 0, 'both kinds of examples are needed');
    for (const example of fixture.accepted) {
      const result = parse(example);
      assert.ok(
        result.ok,
        `${JSON.stringify(example)} was refused: ${result.ok ? '' : result.error.message}`,
      );
      if (fixture.parser === 'parseAnnouncement') continue;
      const again = parse(JSON.parse(JSON.stringify(result.value)));
      assert.deepEqual(again, result, 'what was read can be written and read again');
    }
    for (const example of fixture.refused) {
      const result = parse(example);
      assert.ok(!result.ok, `${JSON.stringify(example)} was accepted`);
      assert.ok(result.error.message.length > 0);
    }
  });
}

test('every parser of the protocol has example messages', () => {
  const covered = new Set(fixtures.map(({ fixture }) => fixture.parser));
  assert.deepEqual(
    [...parsers.keys()].filter((name) => !covered.has(name) && !ofText.has(name)),
    [],
  );
});
