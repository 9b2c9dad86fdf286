import assert from 'node:assert/strict';
import { on, once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import WebSocket from 'ws';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { frontDoorLimits } from '../../../src/daemon/configuration/front-door-limits';
import { agentPaths } from '../../../src/protocol/agent';
import { parseSignedIn } from '../../../src/protocol/front-door';
import { parseKernelModel } from '../../../src/protocol/jupyter';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { ask, bearer } from '../front-door/front-door-under-test';
import { giveEnvironment } from './system-daemon';

const repository = resolve(import.meta.dirname, '..', '..', '..');
const promisedMs = 10 * 60_000;

/** What the front door of the product may add: it looks at open connections twice in the time for which it believes an answer. */
const ofFrontDoorMs = 1.5 * frontDoorLimits.recheckIntervalMs;

/** What is left for a check that takes its time. */
const ofCheckMs = 30_000;

/** A front door and a supervisor with a clock of the test, in a private system. */
async function startDriver(system: PrivateSystem) {
  const file = join(import.meta.dirname, 'account-standing-driver.ts');
  const child = system.spawn(system.nodePath, ['--import', 'tsx', file, system.programFile], {
    folder: repository,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error('the driver has no pipes');
  const said: Buffer[] = [];
  stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const lines = on(createInterface({ input: stdout }), 'line', {
    signal: withDeadline(240_000, 'the driver'),
  });
  const nextNumber = async () => Number(((await lines.next()) as { value: [string] }).value[0]);
  return {
    port: await nextNumber(),
    words: () => Buffer.concat(said).toString(),
    /** Sets the clock of the supervisor forward. Resolves with how many tokens it has looked at since its start. */
    advance: (timeMs: number) => {
      stdin.write(`${timeMs}\n`);
      return nextNumber();
    },
  };
}

const askOptions = (method: string, path: string, token: string) => ({
  method,
  path,
  headers: { ...bearer(token), 'content-type': 'application/json' },
  signal: withDeadline(60_000, path),
});

test(
  'an account that is locked, has expired or is gone is cut off within ten minutes, its open WebSocket too',
  { timeout: 300_000 },
  async (t) => {
    const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
    if (system === undefined) return;
    const password = 'Carol-1990!x';
    await system.addAccount({ name: 'carol', password });
    const passwords: Readonly<Record<string, string>> = { ...people, carol: password };
    await giveEnvironment(system, 'ada');
    const names = Object.keys(passwords);
    // One environment for all, which nobody else writes to.
    await system.expect('chmod', ['0755', '/home/ada']);
    for (const name of names.filter((other) => other !== 'ada'))
      await system.expect('ln', ['-s', '/home/ada/.virtualenvs', `/home/${name}/.virtualenvs`]);
    const driver = await startDriver(system);

    const signedIn = new Map<string, { readonly token: string; readonly socket: WebSocket }>();
    for (const name of names) {
      const body = JSON.stringify({ username: name, answers: [passwords[name]] });
      const options = { method: 'POST', path: '/sign-in', signal: withDeadline(60_000, 'the sign-in') };
      const answer = await ask(driver.port, options, body);
      assert.equal(answer.status, 200, answer.text);
      const { token } = expectParsed(parseJson(answer.text, parseSignedIn));
      const specs = await ask(driver.port, askOptions('GET', '/api/kernelspecs', token));
      const { default: spec } = JSON.parse(specs.text) as { default: string };
      const wanted = JSON.stringify({ name: spec });
      const started = await ask(driver.port, askOptions('POST', '/api/kernels', token), wanted);
      assert.equal(started.status, 201, started.text);
      const { id } = expectParsed(parseJson(started.text, parseKernelModel));
      const socket = new WebSocket(`wss://127.0.0.1:${driver.port}/api/kernels/${id}/channels`, {
        rejectUnauthorized: false,
        headers: bearer(token),
      });
      t.after(() => socket.terminate());
      await once(socket, 'open', { signal: withDeadline(60_000, 'a WebSocket') });
      socket.on('error', () => socket.terminate());
      signedIn.set(name, { token, socket });
    }
    const isOpen = (name: string) => signedIn.get(name)?.socket.readyState === WebSocket.OPEN;
    const hello = async (name: string) =>
      (await ask(driver.port, askOptions('GET', agentPaths.hello, signedIn.get(name)?.token ?? ''))).status;
    // Each answer is fresh when the accounts change: nothing is noticed sooner than it has to be.
    await until(
      async () => ((await driver.advance(0)) === names.length ? true : undefined),
      withDeadline(60_000, 'the first look at each account'),
    );
    await system.expect('usermod', ['-L', 'ada']);
    await system.expect('chage', ['-E', '1', 'bob']);
    await system.expect('userdel', ['-f', 'carol']);
    assert.ok(names.every(isOpen));

    await driver.advance(promisedMs - ofFrontDoorMs - ofCheckMs);
    for (const name of ['ada', 'bob', 'carol']) {
      await until(
        () => (isOpen(name) ? undefined : true),
        withDeadline(60_000, `the end of ${name}’s WebSocket`),
      );
      assert.equal(await hello(name), 401, name);
    }
    assert.ok(isOpen('eve'), 'nobody else is cut off');
    assert.equal(await hello('eve'), 200);
    assert.match(driver.words(), /the sign-ins of ada \(\d+\) end: account: .*locked/i);
    assert.match(driver.words(), /the sign-ins of bob \(\d+\) end: account: .*expired/i);
    assert.match(driver.words(), /the sign-ins of carol \(\d+\) end: there is no such account/);

    // Who is unlocked signs in again; what was signed in stays ended.
    await system.expect('usermod', ['-U', 'ada']);
    assert.equal(await hello('ada'), 401);
    const body = JSON.stringify({ username: 'ada', answers: [people.ada] });
    const again = await ask(driver.port, { method: 'POST', path: '/sign-in' }, body);
    assert.equal(again.status, 200, again.text);
    await driver.advance(promisedMs);
    await until(() => (isOpen('eve') ? true : undefined), withDeadline(30_000, 'eve'));
    assert.equal(await hello('eve'), 200);
  },
);
