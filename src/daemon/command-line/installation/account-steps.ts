import type { InstallationStep } from './installation-step';
import { findSystemProgram, hasEntry, runSystemCommand } from './system-command';

/** The system group and user, without home, password and shell. */
export function accountSteps(name: string): readonly InstallationStep[] {
  return [
    {
      words: `make the system group ${name}`,
      isDone: () => hasEntry('group', name),
      plan: () => Promise.resolve([{ kind: 'group', name }]),
      async do() {
        await runSystemCommand('groupadd', ['--system', name]);
      },
    },
    {
      words: `make the system user ${name} (no home, no password, no shell)`,
      isDone: () => hasEntry('passwd', name),
      plan: () => Promise.resolve([{ kind: 'user', name }]),
      async do() {
        const shell = (await findSystemProgram('nologin')) ?? '/bin/false';
        await runSystemCommand('useradd', [
          ...['--system', '--gid', name, '--no-create-home', '--home-dir', '/nonexistent'],
          ...['--shell', shell, '--comment', 'Remote Kernels front door', name],
        ]);
      },
    },
  ];
}
