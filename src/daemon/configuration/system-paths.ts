/** Where the daemon of many users keeps its files. Nothing in production changes these; tests give folders of their own. */
export interface SystemPaths {
  /** The administrator's folder, with `config.json`. */
  readonly configuration: string;
  /** What outlives a restart, root only: key, certificate, daemon id, sign-ins. */
  readonly state: string;
  /** What ends with the machine's run: the doors of the users' agents and the control socket. Everybody can pass through it, nobody can list it. */
  readonly run: string;
  /** Where PAM's services are described, one file each. */
  readonly pamFolder: string;
}

/** The places in production. */
export const systemPaths: SystemPaths = {
  configuration: '/etc/remote-kernels',
  state: '/var/lib/remote-kernels',
  run: '/run/remote-kernels',
  pamFolder: '/etc/pam.d',
};
