/** `npm run package`: builds the `.vsix` of the extension and the npm tarball of the daemon into `artifacts/`. */
import { runDevelopmentScript } from './bootstrap.mjs';

await runDevelopmentScript('packaging/main.ts');
