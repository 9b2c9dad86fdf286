import { parsePasswdLine } from '../../supervisor/accounts';
import { runSystemCommand } from '../installation/system-command';

/** A directory of accounts can be slow, and those beyond are shown by their numbers. */
const maxNames = 100;
const timeoutMs = 3_000;

/** The names of these accounts, as far as the system says them soon. */
export async function findUserNames(uids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>();
  const untilMs = performance.now() + timeoutMs;
  for (const uid of [...new Set(uids)].slice(0, maxNames)) {
    if (performance.now() > untilMs) break;
    // Without an account of that number the number is all that can be said.
    const entry = await runSystemCommand('getent', ['passwd', '--', String(uid)]).catch(() => '');
    const account = parsePasswdLine(entry.split('\n')[0] ?? '');
    if (account?.uid === uid) names.set(uid, account.name);
  }
  return names;
}
