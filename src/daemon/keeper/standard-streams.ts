import { closeSync, openSync, writeSync } from 'node:fs';
import { systemErrorCode, toError } from '../../base/errors';
import { expectParsed, parseJson } from '../../base/parse';
import { parseKeeperOrder, type KeeperGreeting, type KeeperOrder } from '../../protocol/keeper';

/** How long whoever starts a keeper may take to write its order. */
const orderTimeoutMs = 30_000;

/** An order holds the whole environment of a kernel; a system takes 2 MiB of that at most. */
const maxOrderBytes = 8 * 1024 * 1024;

/** Reads the one line on standard input and closes it. Throws when it is no order, too long, or does not come in time. */
export async function readOrder(): Promise<KeeperOrder> {
  const line = await readFirstLine();
  process.stdin.destroy();
  replaceDescriptor(0, 'r');
  return expectParsed(parseJson(line, parseKeeperOrder));
}

function readFirstLine(): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const timer = setTimeout(() => reject(new Error('no order came on standard input')), orderTimeoutMs);
    const finish = () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('utf8'));
    };
    process.stdin.on('data', (chunk: Buffer) => {
      const end = chunk.indexOf(0x0a);
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
      sizeBytes += chunk.length;
      if (end >= 0) finish();
      else if (sizeBytes > maxOrderBytes) reject(new Error('the order on standard input is too long'));
    });
    process.stdin.once('end', finish);
    process.stdin.once('error', (error) => reject(toError(error)));
  });
}

/**
 * Says something to whoever started this keeper, if it still listens: that it is gone must not end a kernel. Written synchronously, past
 * Node's own streams, so that the descriptor can be given up afterwards.
 */
export function greet(greeting: KeeperGreeting): void {
  let rest = Buffer.from(`${JSON.stringify(greeting)}\n`);
  const end = Date.now() + 2000;
  while (rest.length > 0 && Date.now() < end) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (systemErrorCode(error) !== 'EAGAIN') return;
    }
  }
}

/** Standard output is not used any more: its reader sees its end, and nothing that is printed by mistake goes anywhere. */
export function closeOutput(): void {
  replaceDescriptor(1, 'w');
}

/** Standard error becomes the keeper's log, where Node's own last words belong. */
export function sendErrorsTo(logPath: string): void {
  replaceDescriptor(2, 'a', logPath);
}

/** The lowest free descriptor is the one that a system gives out, which is the one that was just closed. */
function replaceDescriptor(descriptor: number, flags: 'r' | 'w' | 'a', path = '/dev/null'): void {
  if (process.platform === 'win32') return;
  try {
    closeSync(descriptor);
    openSync(path, flags, 0o600);
  } catch (error) {
    // A descriptor that was not open, or a log that cannot be written, is no reason to give up.
    if (systemErrorCode(error) === undefined) throw error;
  }
}
