import type { Koffi } from '../platform/koffi';

/**
 * Whether an administrator has locked the password of an account (`usermod -L`, `passwd -l`), which account management of PAM does not look at.
 * A field without a hash behind the mark is not a lock: such an account has no password here and signs in by another module.
 */
export function isPasswordLocked(koffi: Koffi, username: string): boolean {
  const pointer = koffi.pointer(koffi.opaque());
  const shadow = koffi.struct({ name: 'str', password: 'str' });
  const read = koffi.load(null).func('getspnam', pointer, ['str']);
  const entry: unknown = read(username);
  if (entry === null) return false;
  const { password } = koffi.decode(entry, shadow) as { password: string | null };
  return isLockedField(password ?? '');
}

/** Whether the second field of shadow(5) is a hash behind a lock. */
export function isLockedField(field: string): boolean {
  return /^!+[^!*]/.test(field);
}
