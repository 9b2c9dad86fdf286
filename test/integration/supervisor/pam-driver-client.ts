import { on } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { withDeadline } from '../../../src/base/time';
import type { Account } from '../../../src/daemon/supervisor/account';
import type { CredentialAnswer, CredentialQuestion } from '../../../src/daemon/supervisor/credential-checker';
import type { PrivateSystem } from '../../support/private-system';

const repository = resolve(__dirname, '..', '..', '..');

/** What the driver can be asked; one call at a time. */
export type PamCall =
  | { readonly kind: 'begin'; readonly question: CredentialQuestion }
  | { readonly kind: 'continue'; readonly conversation: string; readonly question: CredentialQuestion }
  | { readonly kind: 'check-account'; readonly username: string; readonly address: string }
  | { readonly kind: 'account'; readonly who: string | number };

/** The supervisor's check of credentials, at work inside a private system. */
export interface PamDriver {
  begin(username: string, ...answers: string[]): Promise<CredentialAnswer>;
  continue(conversation: string, username: string, ...answers: string[]): Promise<CredentialAnswer>;
  checkAccount(username: string, from?: string): Promise<CredentialAnswer>;
  /** {@link begin} for a person who is there. */
  beginFrom(address: string, username: string, ...answers: string[]): Promise<CredentialAnswer>;
  account(who: string | number): Promise<Account | null>;
}

/** Starts the driver as root in the private system, with which it ends. A call that rejects there rejects here. */
export function startPamDriver(system: PrivateSystem): PamDriver {
  const file = join(__dirname, 'pam-driver.ts');
  const child = system.spawn(system.nodePath, ['--import', 'tsx', file, system.programFile], {
    folder: repository,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('the driver has no pipes');
  const lines = on(createInterface({ input: stdout }), 'line', { signal: withDeadline(120_000, 'PAM') });
  const call = async <T>(what: PamCall): Promise<T> => {
    stdin.write(`${JSON.stringify(what)}\n`);
    const next = (await lines.next()) as { value: [string] };
    const answer = JSON.parse(next.value[0]) as { value: T } | { error: string };
    if ('error' in answer) throw new Error(answer.error);
    return answer.value;
  };
  const address = '192.0.2.7';
  return {
    begin: (username, ...answers) => call({ kind: 'begin', question: { username, address, answers } }),
    continue: (conversation, username, ...answers) =>
      call({ kind: 'continue', conversation, question: { username, address, answers } }),
    checkAccount: (username, from = address) => call({ kind: 'check-account', username, address: from }),
    beginFrom: (from, username, ...answers) =>
      call({ kind: 'begin', question: { username, address: from, answers } }),
    account: (who) => call({ kind: 'account', who }),
  };
}
