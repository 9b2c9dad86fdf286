import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { until, withDeadline } from '../../src/base/time';
import { giveEnvironment } from '../integration/many-users/system-daemon';
import { administratorOf } from '../support/installed-host';
import { hasProgram, isRoot, requirePeer } from '../support/peers';
import { people, PrivateSystem } from '../support/private-system';
import { listSystemTraces } from '../support/private-system-traces';
import { makeWorkspace } from '../support/sample-notebook';
import { stagesOf } from '../support/stages';
import { createTestHome } from '../support/test-home';
import { connectOtherMachine } from '../support/two-machines';
import { openWorkbench, type Workbench } from '../support/workbench';

const hostName = 'lab-7';

const whoCell = `import subprocess
print(subprocess.getoutput('whoami; id'))`;

const countingCell = `counter = globals().get("counter", 0) + 1
print("counter is", counter)`;

/** Goes on until there is a certain file, so that people can come and go meanwhile. */
const longCell = `import os, time
print("the long run has begun")
while not os.path.exists(os.path.expanduser("~/go-on")):
    time.sleep(0.1)
print("the long run is over")`;

const cells = [whoCell, countingCell, longCell];

/** The shared secret of the second factor, as a person's telephone has it. */
const sharedSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEH';

test('a shared host is installed, found from another machine, used by two people as themselves, and removed without a trace', async (t) => {
  const isThere = isRoot() && ['ip', 'google-authenticator', 'oathtool'].every(hasProgram);
  if (!requirePeer(t, 'root, ip (iproute2), google-authenticator or oathtool', isThere)) return;
  const { networkNamespace } = await connectOtherMachine(t);
  const system = await PrivateSystem.start(t, { hasSystemUser: false, networkNamespace });
  if (system === undefined) return;
  await system.expect('groupadd', ['instruments']);
  await system.expect('usermod', ['--append', '--groups', 'instruments', 'ada']);
  await giveEnvironment(system, 'ada');
  const factor = `${sharedSecret}\n" TOTP_AUTH\n" WINDOW_SIZE 5\n`;
  await system.write('/home/bob/.google_authenticator', factor, '0400');
  await system.expect('chown', ['bob:bob', '/home/bob/.google_authenticator']);
  const administrator = await administratorOf(t, system);
  const before = await listSystemTraces(system);

  const person = await createTestHome(t);
  const workspace = await makeWorkspace(join(person.home, 'work'), 'story.ipynb', cells);
  const signInsOf = async (name: string) => {
    const { users, signIns } = await administrator.status();
    return { [name]: users?.find((user) => user.name === name)?.signIns ?? 0, all: signIns };
  };
  const opened: Workbench[] = [];
  const stage = stagesOf(t, async () => {
    const { stdout } = await system.run('tail', ['-n', '30', '/var/log/remote-kernels.log']);
    t.diagnostic(`the end of the daemon's log:\n${stdout}`);
    await opened[0]?.screenshot('failed');
  });

  await stage('the administrator installs the package and the daemon, and names the host', async () => {
    await administrator.installPackage();
    const installed = await administrator.remoteKernels('install', '--yes');
    assert.equal(installed.code, 0, installed.stderr);
    const factors = await system.expect('cat', ['/etc/pam.d/remote-kernels']);
    await system.write(
      '/etc/pam.d/remote-kernels',
      factors.replace(
        /^(@include common-auth|auth .*)$/m,
        '$1\nauth required pam_google_authenticator.so nullok',
      ),
    );
    await system.write('/etc/remote-kernels/config.json', JSON.stringify({ name: hostName }));
    const checked = await administrator.remoteKernels('check');
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    await administrator.service('reload');
    await until(
      async () => ((await administrator.status()).announcedAs === hostName ? true : undefined),
      withDeadline(30_000, 'the announcement under the name that was given'),
    );
  });

  const workbench = await openWorkbench(t, {
    environment: person.environment,
    workspace,
    name: 'shared-host',
  });
  opened.push(workbench);
  const { notebook } = workbench;

  await stage('it is in the side bar of another machine', async () => {
    await workbench.showView('Remote Kernels');
    await workbench.treeItem(/^lab-7/);
    await notebook.open('story.ipynb');
    await workbench.screenshot('discovered');
  });

  await stage('connecting shows the fingerprint that the host shows, before anything is asked', async () => {
    await workbench.treeButton(/^lab-7/, 'Connect to Remote');
    const shown = await system.expect('remote-kernels', ['certificate', 'show']);
    const fingerprint = shown
      .match(/(?:[0-9a-f]{4} ?){8}/g)
      ?.slice(0, 2)
      .join(' ')
      .replace(/\s+/g, ' ')
      .trim();
    assert.equal(fingerprint?.length, 79, shown);
    const text = (await workbench.dialogText()).replace(/\s+/g, ' ');
    assert.ok(text.includes(fingerprint), text);
    assert.ok(text.includes('first connection to lab-7 ('), text);
    assert.equal(await workbench.page.locator('.quick-input-widget:visible').count(), 0);
    await workbench.screenshot('fingerprint');
    await workbench.pressInDialog('The Fingerprint Matches');
  });

  await stage('a wrong password is refused in words that tell nothing else', async () => {
    await workbench.page.locator('.quick-input-widget:visible').getByText('lab-7: user name').waitFor();
    await workbench.screenshot('user-name');
    await workbench.answer('lab-7: user name', 'ada');
    await workbench.answer('lab-7: password for ada', people.bob);
    await workbench.page
      .locator('.quick-input-widget:visible')
      .getByText('lab-7 did not accept that. 2 attempts before a pause.')
      .waitFor();
    await workbench.screenshot('wrong-password');
  });

  await stage('the right one connects as that person', async () => {
    await workbench.answer('lab-7: password for ada', people.ada);
    await workbench.statusBar(hostName);
    await workbench.treeItem(/^lab-7, connected as ada/);
    await workbench.treeItem(/ipykernel/);
    await workbench.screenshot('connected');
    assert.deepEqual(await signInsOf('ada'), { ada: 1, all: 1 });
  });

  await stage('a cell runs there as ada, with her number and all her groups', async () => {
    await notebook.chooseKernel(`Choose on ${hostName}…`);
    await workbench.screenshot('environment-picker');
    await workbench.pick('ipykernel');
    await notebook.waitForKernelLabel(/ipykernel \(Python [\d.]+\) · lab-7/);
    await notebook.runCell(0);
    await notebook.runCell(1);
    const output = await notebook.waitForOutput(/counter is 1/);
    const id = (await system.expect('id', ['ada'])).trim();
    assert.match(id, /\(instruments\)/);
    assert.ok(output.includes(`ada\n${id}`), `${output}\n\nid ada: ${id}`);
    await notebook.runCell(2);
    await notebook.waitForOutput(/the long run has begun/);
    await workbench.screenshot('who-am-i');
  });

  await stage('signing out ends the sign-in on the host, and the kernel goes on', async () => {
    const [running] = await kernelsOf(system, 'ada');
    assert.ok(running);
    await workbench.treeMenu(/^lab-7/, 'Sign Out');
    await workbench.treeItem(/^lab-7, signed out/);
    await workbench.page.getByText(/not connected to lab-7, running there since/).waitFor();
    await workbench.screenshot('signed-out');
    assert.deepEqual(await signInsOf('ada'), { ada: 0, all: 0 });
    await until(
      async () => ((await administrator.status()).signedInConnections === 0 ? true : undefined),
      withDeadline(30_000, 'the end of the connections of the sign-in'),
    );
    assert.deepEqual(await kernelsOf(system, 'ada'), [running]);
  });

  await stage('another person signs in with a second factor, and sees nothing of the first', async () => {
    await workbench.treeButton(/^lab-7/, 'Connect to Remote');
    await workbench.answer('lab-7: user name', 'bob');
    await workbench.answer('lab-7: password for bob', people.bob);
    const code = async () => (await system.expect('oathtool', ['--totp', '-b', sharedSecret])).trim();
    await workbench.page.locator('.quick-input-widget:visible').getByText('Verification code').waitFor();
    await workbench.screenshot('second-factor');
    await workbench.answer('Verification code', await code());
    await workbench.treeItem(/^lab-7, connected as bob/);
    // Her kernel is out of his reach, which is not the same as ended.
    await workbench.statusBar(/lab-7\s+ipykernel · not connected/);
    await workbench.page.getByText(/running on lab-7 since .* for another user/).waitFor();
    assert.doesNotMatch(await notebook.outputs(), /ended/);
    await workbench.screenshot('connected-as-bob');
    await workbench.treeMenu(/^lab-7/, 'Sign Out');
    await workbench.treeItem(/^lab-7, signed out/);
  });

  await stage(
    'the first one signs in again, without a question about the key, and her cell has gone on',
    async () => {
      await workbench.treeButton(/^lab-7/, 'Connect to Remote');
      await workbench.answer('lab-7: user name', 'ada');
      await workbench.answer('lab-7: password for ada', people.ada);
      await workbench.treeItem(/^lab-7, connected as ada/);
      await system.expect('touch', ['/home/ada/go-on']);
      await notebook.waitForOutput(/the long run is over/);
      await notebook.runCell(1);
      await notebook.waitForOutput(/counter is 2/);
      await workbench.screenshot('signed-in-again');
    },
  );

  await stage('uninstalling leaves the system as it was, and the kernel of a person alone', async () => {
    const kernels = await kernelsOf(system, 'ada');
    assert.equal(kernels.length, 1);
    const removed = await administrator.remoteKernels('uninstall', '--yes');
    assert.equal(removed.code, 0, removed.stderr);
    await administrator.removePackage();
    const after = await listSystemTraces(system);
    assert.deepEqual(
      {
        left: after.filter((trace) => !before.includes(trace)),
        missing: before.filter((trace) => !after.includes(trace)),
      },
      { left: [], missing: [] },
    );
    assert.deepEqual(await kernelsOf(system, 'ada'), kernels);
    const left = await system.processes();
    assert.deepEqual(
      left.filter(({ command }) => /daemon\.js (serve|front-door|announce|pam)\b/.test(command)),
      [],
    );
    await workbench.treeItem(/^lab-7, (offline|reconnecting|does not answer)/);
    await workbench.screenshot('uninstalled');
  });
});

/** The processes of that person's kernels in the system. */
async function kernelsOf(system: PrivateSystem, user: string): Promise<readonly number[]> {
  const found = (await system.processes()).filter(({ command }) => command.includes('ipykernel_launcher'));
  const owned: number[] = [];
  for (const { pid } of found) {
    const owner = await system.expect('stat', ['-c', '%U', `/proc/${pid}`]);
    if (owner.trim() === user) owned.push(pid);
  }
  return owned;
}
