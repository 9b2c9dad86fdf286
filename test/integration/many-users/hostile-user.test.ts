import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { expectParsed, parseJson, parserOf } from '../../../src/base/parse';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { runCode } from './run-code';
import { giveEnvironment, startKernel, startSystemDaemon } from './system-daemon';

const parseAttempts = parserOf(
  'attempts',
  v.array(v.object({ name: v.string(), isRefused: v.boolean(), detail: v.string() })),
);

/** What ends with an error of the system or the daemon; with fewer, the script has stopped finding its targets. */
const leastAttempts = 120;

/** The paths that `find` prints in there, as root sees them. */
async function findPaths(
  system: PrivateSystem,
  folders: readonly string[],
  kind: string,
): Promise<readonly string[]> {
  const printed = await system.run('find', [...folders, '-type', kind]);
  return printed.stdout.split('\n').filter((line) => line !== '');
}

test(
  'a user of the host who tries everything reaches nothing of another’s',
  { timeout: 240_000 },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    await giveEnvironment(system, 'ada');
    const daemon = await startSystemDaemon(system);
    const ada = await daemon.signedIn('ada', people.ada);
    const eve = await daemon.signedIn('eve', people.eve);
    const kernelId = await startKernel(daemon, ada.token);

    const victimUid = Number(await system.expect('id', ['-u', 'ada']));
    const state = ['/home/ada/.local/state', '/home/ada/.remote-kernels'];
    const privateFolders = await findPaths(system, ['/home/ada', ...state], 'd');
    const privateFiles = await findPaths(system, state, 'f');
    const sockets = await findPaths(system, [...state, `/run/remote-kernels/users/${victimUid}`], 's');
    // It prints all the time, so that whoever can listen hears it.
    const marker = `printed-${randomUUID()}`;
    const print = `print(${JSON.stringify(marker)}, flush=True), time.sleep(0.05)`;
    const code = `import threading, time\ndef say():\n  while True: ${print}\nthreading.Thread(target=say, daemon=True).start()\nprint("began")`;
    assert.match(await runCode(daemon.port, ada.token, kernelId, code), /began/);
    const running = await system.processes();
    const pidOf = (part: RegExp): number => {
      const found = running.find(({ command }) => part.test(command));
      assert.ok(
        found !== undefined,
        `${String(part)} among ${running.map(({ command }) => command).join('\n')}`,
      );
      return found.pid;
    };
    const status = await daemon.status();
    const agentPid = status.users?.find(({ name: user }) => user === 'ada')?.agentPid;
    assert.ok(agentPid !== undefined, JSON.stringify(status));
    const target = {
      victim: 'ada',
      victimUid,
      port: daemon.port,
      ownToken: eve.token,
      kernelId,
      secrets: [ada.token, people.ada],
      marker,
      privateFolders: [
        ...privateFolders.filter((path) => !path.includes('.virtualenvs')),
        '/var/lib/remote-kernels',
      ],
      privateFiles: [
        ...privateFiles,
        '/var/lib/remote-kernels/sign-ins.json',
        '/var/lib/remote-kernels/key.pem',
      ],
      systemFiles: ['/etc/pam.d/remote-kernels', '/etc/remote-kernels/config.json', system.programFile],
      sockets,
      usersFolder: '/run/remote-kernels/users',
      controlSocket: '/run/remote-kernels/control.sock',
      processes: {
        supervisor: pidOf(/daemon\.js serve/),
        'front door': pidOf(/daemon\.js front-door/),
        agent: agentPid,
        keeper: pidOf(/daemon\.js keeper/),
        kernel: pidOf(/ipykernel_launcher/),
      },
      command: [system.nodePath, system.programFile],
    };
    assert.ok(sockets.length >= 3, sockets.join('\n'));
    assert.ok(privateFiles.length >= 2, privateFiles.join('\n'));

    await copyFile(
      join(import.meta.dirname, 'hostile-user.py'),
      system.outside('/usr/local/share/hostile-user.py'),
    );
    const printed = await system.run(
      '/usr/bin/python3',
      ['/usr/local/share/hostile-user.py'],
      { user: 'eve' },
      JSON.stringify(target),
      120_000,
    );
    assert.equal(printed.code, 0, printed.stderr);
    const attempts = expectParsed(parseJson(printed.stdout, parseAttempts));
    assert.deepEqual(
      attempts.filter(({ isRefused }) => !isRefused),
      [],
    );
    assert.ok(attempts.length >= leastAttempts, `${attempts.length} attempts`);
    t.diagnostic(`${attempts.length} attempts, all refused`);

    // What was attacked is as it was.
    const hello = await daemon.ask('GET', '/remote-kernels/v1/hello', ada.token);
    assert.equal(hello.status, 200, hello.text);
    const model = await daemon.ask('GET', `/api/kernels/${kernelId}`, ada.token);
    assert.equal(model.status, 200, model.text);
  },
);
