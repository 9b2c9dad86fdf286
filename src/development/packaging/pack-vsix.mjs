/** `node pack-vsix.mjs FOLDER FILE`: packs what is in the folder as a `.vsix`, in a process of its own because the packer tells its steps on the console. */
import { createVSIX } from '@vscode/vsce';

const [cwd, packagePath] = process.argv.slice(2);
await createVSIX({
  cwd,
  packagePath,
  dependencies: false,
  allowMissingRepository: true,
  rewriteRelativeLinks: false,
});
