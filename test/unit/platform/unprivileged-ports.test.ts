import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { checkPortRights } from '../../../src/daemon/command-line/checking/check-port-rights';
import { explainListenFault } from '../../../src/daemon/front-door/listen-fault';
import {
  describePortFault,
  readFirstUnprivilegedPort,
} from '../../../src/daemon/platform/unprivileged-ports';
import { temporaryFolder } from '../../support/temporary-folder';

const cases: readonly [port: number, firstUnprivileged: number, level: 'wrong' | 'ok' | undefined][] = [
  [443, 1024, 'wrong'],
  [1023, 1024, 'wrong'],
  [1024, 1024, undefined],
  [7443, 1024, undefined],
  [0, 1024, undefined],
  [443, 443, 'ok'],
  [442, 443, 'wrong'],
  [443, 0, 'ok'],
  [7443, 8000, 'wrong'],
];

for (const [port, first, level] of cases) {
  test(`port ${port} with ${first} as the first for all is ${level ?? 'nothing to speak of'}`, () => {
    const [finding] = checkPortRights(port, first);
    assert.equal(finding?.level, level);
    assert.equal(describePortFault(port, first) === undefined, level !== 'wrong');
    if (level !== 'wrong') return;
    assert.match(finding?.message ?? '', new RegExp(`^port ${port} is below ${first}.* from ${first} on`));
    assert.equal(finding?.mend, `sysctl -w net.ipv4.ip_unprivileged_port_start=${port}`);
  });
}

test('the first port for all is what the system says, and the usual one where it says nothing', async (t) => {
  const file = join(await temporaryFolder(t), 'start');
  assert.equal(readFirstUnprivilegedPort(file), 1024);
  await writeFile(file, '443\n');
  assert.equal(readFirstUnprivilegedPort(file), 443);
  await writeFile(file, 'nonsense');
  assert.equal(readFirstUnprivilegedPort(file), 1024);
});

test('a port that the system refuses is explained by its number, and another refusal by what the system said', () => {
  const refused = (port: number) =>
    explainListenFault(
      Object.assign(new Error(`listen EACCES: permission denied 0.0.0.0:${port}`), { code: 'EACCES', port }),
    );
  const high = refused(7443);
  assert.equal(high.kind, 'permission');
  assert.match(high.message, /does not allow it \(listen EACCES.*--port/);
  assert.doesNotMatch(high.message, /root/);
});
