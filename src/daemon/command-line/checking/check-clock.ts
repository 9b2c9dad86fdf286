import { fine, wrong, type Finding } from './finding';

/** Before this program was written; a machine without a battery for its clock begins in 1970 or 2000. */
const earliestMs = Date.UTC(2024, 0, 1);

/** Looks whether the clock can be right: sign-ins end and certificates begin by it. */
export function checkClock(nowMs: number): Finding {
  const now = new Date(nowMs).toISOString();
  return nowMs < earliestMs
    ? wrong('clock', `the clock of this host says ${now}`, 'timedatectl set-ntp true')
    : fine('clock', `it says ${now}`);
}
