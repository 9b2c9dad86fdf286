import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { findSystemProgram, runSystemCommand } from './system-command';

/** Tells the system to start the daemon, or not to, by a systemd unit or an init script. Where nothing starts init scripts this does nothing. */
export async function changeBoot(path: string, isStarted: boolean): Promise<void> {
  const name = basename(path);
  if (name.endsWith('.service')) {
    await runSystemCommand('systemctl', ['daemon-reload']);
    await runSystemCommand('systemctl', [isStarted ? 'enable' : 'disable', name]);
    return;
  }
  const program = await bootProgram();
  if (program === 'update-rc.d')
    await runSystemCommand(program, isStarted ? [name, 'defaults'] : ['-f', name, 'remove']);
  else if (program !== undefined) await runSystemCommand(program, [isStarted ? '--add' : '--del', name]);
}

/** Whether the system starts the daemon already; also `true` where nothing starts init scripts, since there is nothing to change. */
export async function isStartedAtBoot(path: string): Promise<boolean> {
  const name = basename(path);
  if (name.endsWith('.service')) {
    const state = await runSystemCommand('systemctl', ['is-enabled', name]).catch(() => 'disabled');
    return state.trim() === 'enabled';
  }
  if ((await bootProgram()) === undefined) return true;
  for (const folder of ['/etc/rc2.d', '/etc/rc.d/rc2.d']) {
    const links = await readdir(folder).catch(() => []);
    if (links.some((link) => /^S\d\d/.test(link) && link.endsWith(name))) return true;
  }
  return false;
}

async function bootProgram(): Promise<'update-rc.d' | 'chkconfig' | undefined> {
  if ((await findSystemProgram('update-rc.d')) !== undefined) return 'update-rc.d';
  return (await findSystemProgram('chkconfig')) === undefined ? undefined : 'chkconfig';
}
