import { parseJson, type Parsed, type Parser } from '../../base/parse';

/** Reads and parses a small JSON body. What is larger than that many bytes is not read to its end and counts as a fault of shape. */
export async function readSmallJson<T>(
  response: Response,
  parser: Parser<T>,
  maxBytes = 64 * 1024,
): Promise<Parsed<T>> {
  return parseJson(await readSmallText(response, maxBytes), parser);
}

async function readSmallText(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    sizeBytes += value.byteLength;
    if (sizeBytes > maxBytes) {
      await reader.cancel();
      return '';
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks).toString('utf8');
}
