import { chmod, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors';

/** The name under which `readShownCertificate` finds it in the folder. */
const fileName = 'certificate.pem';

/**
 * Puts the certificate of the daemon of all users where everybody on this host can read it and root alone can write, so that they can compare its
 * fingerprint, as they can with `/etc/ssh/ssh_host_*.pub`. Does nothing where the folder, in which the daemon has its sockets, is not there.
 */
export async function publishCertificate(runFolder: string, certificatePem: string): Promise<void> {
  const temporary = join(runFolder, `.${fileName}.${process.pid}`);
  try {
    const file = await open(temporary, 'w', 0o644);
    try {
      await file.writeFile(certificatePem);
    } finally {
      await file.close();
    }
    await chmod(temporary, 0o644);
    await rename(temporary, join(runFolder, fileName));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    await unlink(temporary).catch((fault: unknown) => {
      if (systemErrorCode(fault) !== 'ENOENT') throw fault;
    });
    throw error;
  }
}
