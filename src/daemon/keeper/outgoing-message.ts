import { encodeChannelMessage, type ChannelMessage } from '../../protocol/kernel-channels';
import { encodeJsonMessage } from '../../protocol/kernel-channels-json';
import { encodeMessage, type EncodedMessage } from './web-socket-frames';
import { readHeader } from './wire-messages';

const outputTypes = new Set(['stream', 'display_data', 'update_display_data', 'execute_result']);

/** How a client speaks: without parsing (v1), or as JSON. */
export type ClientProtocol = 'v1' | 'json';

/** A message on its way to any number of clients; encoded once for each protocol that one of them speaks. */
export class OutgoingMessage {
  /** What it counts for in queues. */
  readonly sizeBytes: number;
  private v1: EncodedMessage | undefined;
  private json: EncodedMessage | undefined;

  constructor(private readonly message: ChannelMessage) {
    let sizeBytes = 0;
    for (const part of message.parts) sizeBytes += part.byteLength;
    this.sizeBytes = sizeBytes;
  }

  /** Whether this is an output of a cell, rather than something that tells how a cell or the kernel is doing. */
  get isOutput(): boolean {
    if (this.message.channel !== 'iopub') return false;
    return outputTypes.has(readHeader(this.message.parts[0])?.messageType ?? '');
  }

  /** The header of the request that it belongs to. */
  get parent(): Uint8Array {
    return this.message.parts[1];
  }

  /** The message as it is written to a client of that protocol. */
  encodedFor(protocol: ClientProtocol): EncodedMessage {
    if (protocol === 'v1') return (this.v1 ??= encodeMessage('binary', encodeChannelMessage(this.message)));
    return (this.json ??= encodeAsJson(this.message));
  }
}

function encodeAsJson(message: ChannelMessage): EncodedMessage {
  const encoded = encodeJsonMessage(message);
  return typeof encoded === 'string'
    ? encodeMessage('text', [Buffer.from(encoded)])
    : encodeMessage('binary', [encoded]);
}
