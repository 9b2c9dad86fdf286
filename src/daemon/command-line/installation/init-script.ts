/** What an init script is made for. */
export interface InitScriptPlaces {
  readonly node: string;
  readonly programFile: string;
  readonly log: string;
  /** Where the daemon has its lock. */
  readonly state: string;
  /** Where it has its control socket, once it is ready. */
  readonly run: string;
}

/** The init script of the daemon, for systems without systemd. It needs only a POSIX shell; the daemon's own lock says which process it is. */
export function formatInitScript({ node, programFile, log, state, run }: InitScriptPlaces): string {
  return `#!/bin/sh
### BEGIN INIT INFO
# Provides:          remote-kernels
# Required-Start:    $remote_fs $network $syslog
# Required-Stop:     $remote_fs $network $syslog
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: notebooks run on this host from editors elsewhere
### END INIT INFO
# chkconfig: 2345 95 05
# description: Remote Kernels

lock='${state}/daemon.lock'
control='${run}/control.sock'
log='${log}'

# The process of the daemon: its lock is a link whose target names the process and the boot of the machine.
find_daemon() {
  holder=$(readlink "$lock" 2>/dev/null) || return 1
  [ "\${holder##*|}" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 1
  pid=\${holder%%|*}
  tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -F '${programFile} serve' || return 1
}

start() {
  if find_daemon; then echo "remote-kernels runs already (process $pid)"; return 0; fi
  umask 0022
  cd /
  (umask 0077; : >>"$log")
  rm -f "$control"
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG="\${LANG:-C.UTF-8}" \\
    REMOTE_KERNELS_OPEN_FILES="$(ulimit -S -n)" \\
    setsid '${node}' '${programFile}' serve </dev/null >>"$log" 2>&1 &
  child=$!
  left=30
  while [ "$left" -gt 0 ]; do
    if [ -S "$control" ] && find_daemon; then echo "remote-kernels runs (process $pid)"; return 0; fi
    kill -0 "$child" 2>/dev/null || break
    left=$((left - 1))
    sleep 1
  done
  echo "remote-kernels did not start; the end of $log says:" >&2
  tail -n 5 "$log" >&2
  return 1
}

# Only the daemon is ended; agents and kernels of users go on.
stop() {
  if ! find_daemon; then echo 'remote-kernels does not run'; return 0; fi
  ended=$pid
  kill -TERM "$ended"
  left=30
  while [ "$left" -gt 0 ]; do
    if ! find_daemon; then echo 'remote-kernels has ended'; return 0; fi
    left=$((left - 1))
    sleep 1
  done
  echo "remote-kernels (process $ended) has not ended within 30 seconds" >&2
  return 1
}

case "$1" in
  start) start ;;
  stop) stop ;;
  restart | force-reload) stop && start ;;
  reload)
    if ! find_daemon; then echo 'remote-kernels does not run' >&2; exit 7; fi
    kill -HUP "$pid"
    ;;
  status)
    if find_daemon; then echo "remote-kernels runs (process $pid)"; exit 0; fi
    echo 'remote-kernels does not run'
    exit 3
    ;;
  *)
    echo "Usage: $0 start|stop|restart|reload|status" >&2
    exit 2
    ;;
esac
`;
}

/** How logrotate keeps the daemon's log short. The file is copied and emptied, since the daemon keeps it open. */
export function formatLogRotation(log: string): string {
  return `${log} {
  weekly
  rotate 8
  maxsize 20M
  compress
  missingok
  notifempty
  copytruncate
}
`;
}
