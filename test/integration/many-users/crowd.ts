import type { PrivateSystem } from '../../support/private-system';

/** One of many people who have an account on a private system. */
export interface Person {
  readonly name: string;
  readonly uid: number;
  readonly password: string;
}

/** How the passwords of a crowd are kept: `yescrypt` as Debian does, or a method that costs the processor next to nothing. */
export type PasswordMethod = 'yescrypt' | 'cheap';

/** Numbers above those of people and below those of containers, which no other test uses: each process of the tests has a range of its own. */
function firstUid(): number {
  return 70_000 + (process.pid % 1_000) * 256;
}

/** All have one password, since what a check costs does not depend on that; `$1` is the first number, `$2` the last, `$3` the hash of the password. */
const script = `
set -e
uid=$1
while [ "$uid" -le "$2" ]; do
  name="person$uid"
  echo "$name:x:$uid:$uid::/home/$name:/bin/bash" >> /etc/passwd
  echo "$name:x:$uid:" >> /etc/group
  echo "$name:$3:19000:0:99999:7:::" >> /etc/shadow
  mkdir -m 0700 "/home/$name"
  chown "$uid:$uid" "/home/$name"
  uid=$((uid + 1))
done
`;

const password = 'Crowds-come-1789!';

/** Makes that many accounts with homes, at most 256, in one go: `useradd` reads and writes all files for each. */
export async function addCrowd(
  system: PrivateSystem,
  count: number,
  method: PasswordMethod,
): Promise<Person[]> {
  const first = firstUid();
  const people = Array.from({ length: count }, (_, index) => {
    const uid = first + index;
    return { name: `person${uid}`, uid, password };
  });
  const hash = method === 'cheap' ? await cheapHash(system) : await hashOf(system);
  await system.expect('sh', ['-c', script, 'sh', `${first}`, `${first + count - 1}`, hash]);
  return people;
}

/** SHA-512 with the number of rounds that takes a few milliseconds. */
async function cheapHash(system: PrivateSystem): Promise<string> {
  return (await system.expect('openssl', ['passwd', '-6', '-stdin'], {}, password)).trim();
}

/** As the system itself hashes the password of an account, taken from one that is made for it. */
async function hashOf(system: PrivateSystem): Promise<string> {
  const name = 'firstperson';
  await system.addAccount({ name, password });
  const line = await system.expect('getent', ['shadow', name]);
  const [, hash = ''] = line.split(':');
  if (!hash.startsWith('$y$'))
    throw new Error(`this system does not keep passwords with yescrypt: ${hash.slice(0, 4)}`);
  return hash;
}
