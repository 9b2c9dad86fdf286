import { createInterface } from 'node:readline';
import { readAccount } from '../../../src/daemon/supervisor/accounts';
import { PamChecker } from '../../../src/daemon/supervisor/pam-checker';
import type { PamCall } from './pam-driver-client';

/** Runs in a private system and asks its PAM and its accounts: one call a line on standard input, one answer a line on standard output. */
const [programFile = ''] = process.argv.slice(2);
const checker = new PamChecker({ programFile });

async function answer(call: PamCall): Promise<unknown> {
  const signal = AbortSignal.timeout(50_000);
  switch (call.kind) {
    case 'begin':
      return checker.begin(call.question, signal);
    case 'continue':
      return checker.continue(call.conversation, call.question, signal);
    case 'check-account':
      return checker.checkAccount(call.username, call.address, signal);
    case 'account':
      return (await readAccount(call.who, signal)) ?? null;
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    void answer(JSON.parse(line) as PamCall).then(
      (value) => process.stdout.write(`${JSON.stringify({ value })}\n`),
      (error: unknown) => process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`),
    );
  })
  .once('close', () => checker.dispose());
