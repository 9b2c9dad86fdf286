import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { MessageParts } from '../../protocol/kernel-channels';

/**
 * Signs and checks messages with the key of the connection file (Jupyter messaging, "The wire protocol": HMAC-SHA256 over header, parent
 * header, metadata and content, in hexadecimal; buffers are not covered).
 */
export class MessageSigner {
  private readonly key: KeyObject;

  constructor(key: string) {
    this.key = createSecretKey(Buffer.from(key));
  }

  /** The signature to send with these parts. */
  sign(parts: MessageParts): string {
    const hmac = createHmac('sha256', this.key);
    for (let index = 0; index < 4; index += 1) hmac.update(parts[index] ?? empty);
    return hmac.digest('hex');
  }

  /** Whether the signature is right; takes the same time wherever it differs. */
  isSignedBy(signature: Uint8Array, parts: MessageParts): boolean {
    if (signature.byteLength !== 64) return false;
    return timingSafeEqual(signature, Buffer.from(this.sign(parts), 'latin1'));
  }
}

const empty = new Uint8Array(0);
