/**
 * Prints what another user's catalog lists, as JSON. Started as root with a uid, a home folder and a folder that stands for `/`: everything is loaded
 * first and the privileges are given up then, so that the user needs no access to this repository.
 */
import { silentLogger } from '../../../src/base/logger';
import { createEnvironmentCatalog } from '../../../src/daemon/agent/environments/catalog';

const [uid = '', homeFolder = '', fileSystemRoot = ''] = process.argv.slice(2);

async function list(): Promise<void> {
  process.setgroups?.([]);
  process.setgid?.(Number(uid));
  process.setuid?.(Number(uid));
  const catalog = createEnvironmentCatalog({
    homeFolder,
    variables: {},
    logger: silentLogger,
    watch: true,
    fileSystemRoot,
  });
  await catalog.refresh(AbortSignal.timeout(20_000));
  process.stdout.write(JSON.stringify(catalog.environments));
  catalog.dispose();
}

void list();
