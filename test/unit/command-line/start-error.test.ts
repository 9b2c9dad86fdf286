import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { abortable, withDeadline } from '../../../src/base/time';
import { formatSystemdUnit } from '../../../src/daemon/command-line/installation/systemd-unit';
import { toStartError } from '../../../src/daemon/command-line/serve-process';
import { CommandError } from '../../../src/daemon/command-line/terminal';
import { openDaemonCertificate } from '../../../src/daemon/front-door/certificate';
import { openDaemonId } from '../../../src/daemon/front-door/daemon-id';
import { PortInUseError } from '../../../src/daemon/front-door/listeners';
import { toStorageError } from '../../../src/daemon/platform/private-files';
import { exitCodes } from '../../../src/protocol/command-line';
import { temporaryFolder } from '../../support/temporary-folder';

/** What systemd does not start again after. */
const permanent = (/^RestartPreventExitStatus=(.*)$/m.exec(formatSystemdUnit('/n', '/p'))?.[1] ?? '')
  .split(' ')
  .map(Number);

const systemFault = (code: string) => Object.assign(new Error(`${code}: open '/somewhere'`), { code });

const passing: readonly (readonly [what: string, error: unknown, exitCode: number])[] = [
  ['a front door that takes too long', deadline(), exitCodes.temporaryFailure],
  ...['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EBUSY', 'EINTR', 'ETIMEDOUT'].map(
    (code) => [code, systemFault(code), exitCodes.temporaryFailure] as const,
  ),
  ...['EIO', 'ENOSPC', 'EDQUOT', 'EROFS', 'ESTALE'].map(
    (code) => [code, systemFault(code), exitCodes.ioError] as const,
  ),
  ['a full disk in words', toStorageError(systemFault('ENOSPC'), '/somewhere'), exitCodes.ioError],
  ['a port that another program holds', new PortInUseError(7443, '0.0.0.0'), exitCodes.unavailable],
  ['an address that is not there yet', systemFault('EADDRNOTAVAIL'), exitCodes.unavailable],
  ['a fault of Node', systemFault('ERR_INTERNAL_ASSERTION'), exitCodes.software],
  ['a fault of ours', new TypeError('no such thing'), exitCodes.software],
  ['what is no error', 'thrown', exitCodes.software],
];

for (const [what, error, exitCode] of passing) {
  test(`a start that failed by ${what} is tried again`, async () => {
    const thrown: unknown = error instanceof Promise ? await error : error;
    const found = toStartError(thrown);
    assert.equal(found.exitCode, exitCode);
    assert.ok(!permanent.includes(found.exitCode));
  });
}

const lasting: readonly (readonly [what: string, arrange: (state: string) => Promise<void>])[] = [
  ['a damaged key', (state) => writeFile(join(state, 'key.pem'), 'no key', { mode: 0o600 })],
  [
    'a key that others can read',
    async (state) => {
      await writeFile(join(state, 'key.pem'), '');
      await chmod(join(state, 'key.pem'), 0o644);
    },
  ],
  ['a damaged own certificate', (state) => writeFile(join(state, 'own.pem'), 'none', { mode: 0o600 })],
  ['a damaged id', (state) => writeFile(join(state, 'daemon-id'), 'none')],
  [
    'a folder in the place of the key',
    (state) => mkdir(join(state, 'key.pem'), { mode: 0o700 }).then(() => undefined),
  ],
];

for (const [what, arrange] of lasting) {
  test(`a start that failed by ${what} waits for a person`, async (t) => {
    const state = await temporaryFolder(t);
    await arrange(state);
    const error: unknown = await openDaemonId(state)
      .then(() => openDaemonCertificate(state, 'host'))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    const found = toStartError(error);
    assert.equal(found.exitCode, exitCodes.configuration, found.message);
    assert.ok(permanent.includes(found.exitCode));
  });
}

test('a start that failed by a file in the place of the folder of the state, or for want of a right, waits for a person', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  await writeFile(file, '');
  const error: unknown = await openDaemonId(file).catch((reason: unknown) => reason);
  assert.equal(toStartError(error).exitCode, exitCodes.configuration);
  const denied = toStartError(systemFault('EACCES'));
  assert.equal(denied.exitCode, exitCodes.noPermission);
  assert.ok(permanent.includes(denied.exitCode));
});

test('an error that has its exit code keeps it', () => {
  const error = new CommandError('no account', exitCodes.configuration);
  assert.equal(toStartError(error), error);
});

/** What a deadline of ours rejects with. */
async function deadline(): Promise<unknown> {
  // The deadline alone does not keep the process running.
  const timer = setInterval(() => undefined, 1_000);
  const never = new Promise<void>(() => undefined);
  const reason: unknown = await abortable(never, withDeadline(1, 'the front door')).catch(
    (error: unknown) => error,
  );
  clearInterval(timer);
  return reason;
}
