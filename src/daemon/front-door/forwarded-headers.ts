import type { IncomingMessage } from 'node:http';
import { headers } from '../../protocol/agent';

/** Headers that belong to one hop (RFC 9110 §7.6.1), and those of which the front door is the end. */
const neverForwarded = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'expect',
  'content-length',
  headers.doorKey,
]);

/**
 * The headers of a message that go on to the other side, as name and value in turn, in their order and with repeated ones kept. Taken out
 * are those of one hop, whatever `Connection` names, `Authorization`, the door key, and the framing, which {@link framingOf} gives anew.
 */
export function endToEndHeaders(message: Pick<IncomingMessage, 'rawHeaders' | 'headers'>): string[] {
  const named = new Set(
    (message.headers.connection ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  const kept: string[] = [];
  for (let at = 0; at + 1 < message.rawHeaders.length; at += 2) {
    const name = message.rawHeaders[at] ?? '';
    const lower = name.toLowerCase();
    if (neverForwarded.has(lower) || (named.has(lower) && lower !== 'host')) continue;
    kept.push(name, message.rawHeaders[at + 1] ?? '');
  }
  return kept;
}

/** How the body of a message is delimited on the next hop: as it was on this one; nothing for a message without a body. */
export function framingOf(message: Pick<IncomingMessage, 'headers'>): string[] {
  if (message.headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked'];
  const length = message.headers['content-length'];
  return length === undefined ? [] : ['Content-Length', length];
}
