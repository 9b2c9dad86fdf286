import { loadKoffi, type Koffi } from './koffi';

/** Of prctl(2) on Linux. */
const setDumpable = 4;

/** The number of keyctl(2), for which C libraries have no function of their own; each architecture of Linux has its own. */
const keyctlNumbers: Readonly<Record<string, number>> = {
  arm: 311,
  arm64: 219,
  ia32: 288,
  loong64: 219,
  ppc64: 271,
  riscv64: 219,
  s390x: 280,
  x64: 250,
};

/** Of keyctl(2): operations, names of keyrings, and the rights of root alone, without any for whoever holds the keyring. */
const joinSessionKeyring = 1;
const setPermissions = 5;
const link = 8;
const sessionKeyring = -3;
const userKeyring = -4;
const ownerOnly = 0x003f0000;

/**
 * Keeps what is in this process's memory there: no core file and no crash handler gets it, no debugger of the same user reads it, and SIGUSR1
 * does not open Node's debugger, which everybody on this machine could reach. Programs that this one starts are as any other. Throws when the
 * system refuses, or has no such thing.
 */
export function keepMemoryPrivate(): void {
  const control = loadKoffi()
    .load(null)
    .func('prctl', 'int', ['int', 'unsigned long', 'unsigned long', 'unsigned long', 'unsigned long']);
  if (control(setDumpable, 0, 0, 0, 0) !== 0)
    throw new Error('the system does not keep the memory of this process out of core files');
  // A listener takes the place of the debugger's.
  process.on('SIGUSR1', () => undefined);
}

/**
 * Gives this process, and what it starts from now on, an empty session keyring of the kernel (session-keyring(7)). Without it all users would
 * share the one that root was started with, and read each other's and root's keys there. One of `root` can be used by root only, so that it may be
 * passed on to processes of users; one of a `user` is as a login makes it. On a system without keyrings nothing happens.
 */
export function takeSessionKeyring(of: 'root' | 'user'): void {
  const number = keyctlNumbers[process.arch];
  if (process.platform !== 'linux' || number === undefined) return;
  const koffi = loadKoffi();
  const keyctl = keyctlOf(koffi, number);
  // Containers often forbid the call, to their root and users alike: then there is nothing to share.
  if (keyctl(joinSessionKeyring, 0, 0) < 0) return;
  if (of === 'user') keyctl(link, userKeyring, sessionKeyring);
  else if (keyctl(setPermissions, sessionKeyring, ownerOnly) < 0)
    throw new Error(`the session keyring cannot be kept from users (error ${koffi.errno()})`);
}

function keyctlOf(koffi: Koffi, number: number): (operation: number, one: number, two: number) => number {
  const call = koffi.load(null).func('long syscall(long, ...)');
  return (operation, one, two) =>
    Number(call(number, 'int', operation, 'long', one, 'long', two, 'long', 0, 'long', 0));
}
