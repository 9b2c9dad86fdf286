import { readFile } from 'node:fs/promises';
import type { Logger } from '../../base/logger';

/** The certificates (PEM) in these files. One that cannot be read is left out and named in the log: the others still count. */
export async function readCertificates(paths: readonly string[], logger: Logger): Promise<readonly string[]> {
  const texts = await Promise.all(
    paths.map(async (path) => {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        logger.warn(`the certificates in ${path} cannot be read: ${String(error)}`);
        return undefined;
      }
    }),
  );
  return texts.filter((text): text is string => text !== undefined);
}
