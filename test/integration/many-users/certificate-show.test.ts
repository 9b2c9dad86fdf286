import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson, parserOf, expectParsed } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { exitCodes } from '../../../src/protocol/command-line';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { startSystemDaemon } from './system-daemon';
import * as v from 'valibot';

const shownKey = { daemon: v.string(), pin: v.string() };
const parseShown = parserOf('certificate', v.object({ ...shownKey, others: v.array(v.object(shownKey)) }));

test('everybody on the host can compare the fingerprint, and sees which daemon a key belongs to', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const show = (...words: readonly string[]) =>
    system.run(system.nodePath, [system.programFile, 'certificate', 'show', ...words], { user: 'ada' });
  const shown = async () => {
    const { code, stdout, stderr } = await show('--json');
    assert.equal(code, 0, stderr);
    const { daemon, pin, others } = expectParsed(parseJson(stdout, parseShown));
    return [{ daemon, pin }, ...others];
  };

  const before = await show();
  assert.equal(before.code, exitCodes.noInput);
  assert.match(before.stderr, /no key yet/);
  const daemon = await startSystemDaemon(system);
  const { pin } = await daemon.status();
  assert.deepEqual(await shown(), [{ daemon: 'all-users', pin }]);

  await system.expect('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '90'],
    ...['-subj', '/CN=lab-7', '-keyout', '/run/own.key', '-out', '/run/own.pem'],
  ]);
  await system.expect(system.nodePath, [
    ...[system.programFile, 'certificate', 'use', '--cert', '/run/own.pem', '--key', '/run/own.key'],
  ]);
  const [next] = await shown();
  assert.notEqual(next?.pin, pin);
  await until(
    async () => ((await daemon.status()).pin === next?.pin ? true : undefined),
    withDeadline(30_000, 'the certificate that was put in'),
  );
  const [served] = await shown();
  assert.deepEqual(served, next);
  const file = '/run/remote-kernels/certificate.pem';
  assert.equal((await system.expect('stat', ['-c', '%U %a', file])).trim(), 'root 644');
  assert.doesNotMatch(await system.expect('cat', [file]), /PRIVATE/);

  // Her own daemon has another key, and neither is taken for the other.
  system.spawn(
    system.nodePath,
    [system.programFile, 'serve', '--single-user', '--port', '0', '--no-announce'],
    { user: 'ada', stdio: 'ignore' },
  );
  await until(
    async () => ((await shown()).length === 2 ? true : undefined),
    withDeadline(60_000, 'the key of her own daemon'),
    200,
  );
  const [shared, own] = await shown();
  assert.deepEqual(shared, next);
  assert.equal(own?.daemon, 'single-user');
  assert.notEqual(own.pin, next?.pin);
  const words = (await show()).stdout;
  assert.match(words, /this host's key, for all users:[\s\S]*key of your own daemon/);

  assert.equal(await daemon.end(), exitCodes.ok);
  await system.expect('rm', [file]);
  const hidden = await show();
  assert.match(hidden.stderr, /has not run since .*sudo remote-kernels certificate show/);
  assert.doesNotMatch(hidden.stdout, /this host/);
});
