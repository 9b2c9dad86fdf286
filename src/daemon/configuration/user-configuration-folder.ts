import { isAbsolute, join } from 'node:path';

/** Where a user's own configuration files are: below `XDG_CONFIG_HOME` where that is set to an absolute path, else below `~/.config`. */
export function userConfigurationFolder(homeFolder: string, variables: NodeJS.ProcessEnv): string {
  const configured = variables.XDG_CONFIG_HOME;
  const folder =
    configured !== undefined && isAbsolute(configured) ? configured : join(homeFolder, '.config');
  return join(folder, 'remote-kernels');
}
