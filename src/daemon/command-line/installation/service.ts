import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { changeBoot, isStartedAtBoot } from './boot';
import { formatInitScript, formatLogRotation } from './init-script';
import { fileStep, type InstallationStep } from './installation-step';
import type { InstallationPlaces } from './places';
import type { ProgramToInstall } from './program-steps';
import { runSystemCommand } from './system-command';
import { formatSystemdUnit } from './systemd-unit';

/** What starts the daemon on this system. */
export type ServiceSystem = 'systemd' | 'init-script';

/** systemd where it runs, as sd_booted(3) finds out; otherwise an init script, which other systems and containers can use. */
export async function findServiceSystem(): Promise<ServiceSystem> {
  const found = await stat('/run/systemd/system').catch(() => undefined);
  return found?.isDirectory() === true ? 'systemd' : 'init-script';
}

/** The file by which the system starts the daemon. */
export function serviceFile(system: ServiceSystem, places: InstallationPlaces): string {
  return system === 'systemd' ? places.systemdUnit : places.initScript;
}

/** The steps that make the daemon start with the system. */
export function serviceSteps(
  system: ServiceSystem,
  program: ProgramToInstall,
  places: InstallationPlaces,
): readonly InstallationStep[] {
  const { node, programFile } = program;
  const path = serviceFile(system, places);
  const files =
    system === 'systemd'
      ? [fileStep(path, formatSystemdUnit(node, programFile), 0o644, { isKept: false })]
      : [
          fileStep(
            path,
            formatInitScript({
              node,
              programFile,
              log: places.log,
              state: places.system.state,
              run: places.system.run,
            }),
            0o755,
            { isKept: false },
          ),
          fileStep(places.logRotation, formatLogRotation(places.log), 0o644, { isKept: false }),
        ];
  return [...files, bootStep(path)];
}

function bootStep(path: string): InstallationStep {
  return {
    words: 'start the daemon with the system',
    isDone: () => isStartedAtBoot(path),
    plan: () => Promise.resolve([{ kind: 'boot', path }]),
    do: () => changeBoot(path, true),
  };
}

/** Starts, restarts or stops the daemon through the system. Kernels go on. Rejects with what the system said. */
export async function controlService(path: string, action: 'start' | 'restart' | 'stop'): Promise<void> {
  if (path.endsWith('.service')) await runSystemCommand('systemctl', [action, basename(path)]);
  else await runSystemCommand(path, [action]);
}

/** What an administrator types for the same. */
export function serviceCommand(path: string, action: 'start' | 'restart' | 'stop'): string {
  return path.endsWith('.service')
    ? `systemctl ${action} ${basename(path, '.service')}`
    : `${path} ${action}`;
}
