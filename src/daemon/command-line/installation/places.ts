import { join } from 'node:path';
import { systemPaths, type SystemPaths } from '../../configuration/system-paths';

/** The system user and group of the front door. */
export const serviceAccount = 'remote-kernels';

/** Every place that `install` writes to. */
export interface InstallationPlaces {
  readonly system: SystemPaths;
  /** The program's own folder; nothing else is in it. */
  readonly program: string;
  /** The name by which people run the program. */
  readonly launcher: string;
  readonly systemdUnit: string;
  readonly initScript: string;
  /** The log of the daemon where no journal takes it. */
  readonly log: string;
  readonly logRotation: string;
}

/** The places on a real system. Tests give a folder in which they look the same. */
export function installationPlaces(root = '/'): InstallationPlaces {
  const at = (path: string) => join(root, path);
  return {
    system: {
      configuration: at(systemPaths.configuration),
      state: at(systemPaths.state),
      run: at(systemPaths.run),
      pamFolder: at(systemPaths.pamFolder),
    },
    program: at('/opt/remote-kernels'),
    launcher: at('/usr/local/bin/remote-kernels'),
    systemdUnit: at('/etc/systemd/system/remote-kernels.service'),
    initScript: at('/etc/init.d/remote-kernels'),
    log: at('/var/log/remote-kernels.log'),
    logRotation: at('/etc/logrotate.d/remote-kernels'),
  };
}
