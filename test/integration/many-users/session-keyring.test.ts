import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { runCode } from './run-code';
import { giveEnvironment, startKernel, startSystemDaemon } from './system-daemon';

const program = '/usr/local/share/session-keyring.py';

test(
  'no user finds what root or another user keeps in the session keyring',
  { timeout: 240_000 },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    await system.write(program, await readFile(join(__dirname, 'session-keyring.py'), 'utf8'));
    const hold = ['/usr/bin/python3', program, 'hold', 'kept by root'];
    const look = `import sys; sys.path.insert(0, "/usr/local/share"); keyring = __import__("session-keyring")`;
    // The search finds what is there: a program that root starts without more has root's keyring, also as another user.
    const asAda = ['setpriv', '--reuid', 'ada', '--regid', 'ada', '--clear-groups'];
    const seen = await system.expect('env', [
      ...hold,
      ...asAda,
      ...['/usr/bin/python3', '-c', `${look}; print(keyring.find("of-root"))`],
    ]);
    assert.equal(seen.trim(), 'kept by root');

    const daemon = await startSystemDaemon(system, [], { wrapper: hold });
    const kernels = [];
    for (const name of ['ada', 'bob'] as const) {
      await giveEnvironment(system, name);
      const { token } = await daemon.signedIn(name, people[name]);
      const kernelId = await startKernel(daemon, token);
      kernels.push(async (code: string) =>
        (await runCode(daemon.port, token, kernelId, `${look}\n${code}`)).trim(),
      );
    }
    const [inAda, inBob] = kernels;
    assert.ok(inAda !== undefined && inBob !== undefined);
    const missing = 'Required key not available';
    assert.equal(await inAda('print(keyring.find("of-root"))'), missing);
    assert.equal(
      await inAda('keyring.add("of-ada", "kept by ada"); print(keyring.find("of-ada"))'),
      'kept by ada',
    );
    assert.equal(await inBob('print(keyring.find("of-ada"))'), missing);
    assert.equal(await inBob('print(keyring.find("of-root"))'), missing);
  },
);
