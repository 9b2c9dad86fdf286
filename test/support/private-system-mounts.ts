/** Folders that look as on the machine; what is written there is seen by the private system only. */
const covered = ['/etc', '/var/lib', '/opt', '/usr/local'];
/** Folders that are empty at first. */
const emptied = ['/home', '/run', '/var/log'];

/** The system accounts of each private system have numbers that no other one at the same time has: the first of all, how many each has, and how many can be. */
export const systemNumbers = { first: 300, each: 5, systems: 138 };

/** The files by whose locks the numbers are given out; each holder keeps one locked as long as it lives. */
const locks = '/tmp/remote-kernels-test-numbers';

/**
 * The shell script of the process that holds a private system: gives itself mounts of its own, says which numbers of system accounts are its (0 for the
 * first ones), and ends with its standard input. `$1` is an empty folder, in which nothing is seen from outside.
 */
export const holderScript = `
set -e
mkdir -p -m 0700 ${locks}
taken=0
while :; do
  exec 9>"${locks}/$taken"
  if flock -n 9; then break; fi
  taken=$((taken + 1))
  [ "$taken" -lt ${systemNumbers.systems} ]
done
mount -t tmpfs -o mode=0755 tmpfs "$1"
for folder in ${covered.join(' ')}; do
  mkdir -p "$1$folder/upper" "$1$folder/work"
  chmod 0755 "$1$folder/upper"
  mount -t overlay overlay -o "lowerdir=$folder,upperdir=$1$folder/upper,workdir=$1$folder/work" "$folder"
done
for folder in ${emptied.join(' ')}; do
  mount -t tmpfs -o mode=0755 tmpfs "$folder"
done
mkdir -m 1777 /run/lock
mkdir -p /run/user
rm -rf /etc/remote-kernels /etc/pam.d/remote-kernels /var/lib/remote-kernels /opt/remote-kernels
echo $taken
exec cat >/dev/null
`;
