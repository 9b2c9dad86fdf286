/** `node src/development/test.mjs [check|unit|integration|e2e] [part of a file's path]`: sets up what is missing and runs the checks and tests. */
import { runDevelopmentScript } from './bootstrap.mjs';

await runDevelopmentScript('testing/main.ts');
