import { exitCodes } from '../../../protocol/command-line';

/** How the daemon ends when another start would end the same way. */
const permanentExitCodes = [exitCodes.usage, exitCodes.noPermission, exitCodes.configuration];

/** The systemd unit of the daemon, for the Node and program at these paths. */
export function formatSystemdUnit(node: string, programFile: string): string {
  return `[Unit]
Description=Remote Kernels: notebooks run on this host from editors elsewhere
After=network-online.target nss-user-lookup.target avahi-daemon.service
# Until then /run/nologin keeps everybody out.
After=systemd-user-sessions.service
Wants=network-online.target

[Service]
Type=exec
# Node raises its own limit of open files before its first line; kernels get the one that is written down here.
ExecStart=/bin/sh -c 'REMOTE_KERNELS_OPEN_FILES=$$(ulimit -S -n) exec ${node} ${programFile} serve'
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=2
# What only a person can mend: wrong words, missing rights, a configuration, PAM file, key or program that cannot be used.
RestartPreventExitStatus=${permanentExitCodes.join(' ')}
WorkingDirectory=/
UnsetEnvironment=NODE_OPTIONS NODE_PATH LD_PRELOAD LD_LIBRARY_PATH

# Kernels belong to their users and outlive the daemon: only the daemon itself is stopped, and a kernel that
# takes too much memory does not end the service.
KillMode=process
OOMPolicy=continue
# The tasks of all kernels count here.
TasksMax=infinity

# The process with the network port (the front door) gives up its user, its capabilities and the right to gain any
# by itself. The supervisor is root because it asks PAM and starts the agents of the users. What a unit forbids is
# forbidden to the kernels of all users too, so these are left out:
#   NoNewPrivileges=         PAM checks passwords by the setuid program unix_chkpwd on some systems; sudo in a kernel
#   MemoryDenyWriteExecute=  V8, PyPy, Numba and Julia compile at run time
#   SystemCallFilter=, SystemCallArchitectures=, LockPersonality=, RestrictRealtime=, RestrictSUIDSGID=,
#   RestrictAddressFamilies=, RestrictNamespaces=
#                            filters of system calls, which containers and debuggers in a kernel would meet
#   ProtectSystem=, ProtectHome=, PrivateTmp=, PrivateDevices=, ProtectKernelTunables=, ProtectProc=
#                            mounts of its own: users would see another /tmp, /home or /dev than over ssh
#   CapabilityBoundingSet=   bounds setuid programs in a kernel (sudo, ping)
#   UMask=, LimitCORE=       would be those of the users' kernels

[Install]
WantedBy=multi-user.target
`;
}
