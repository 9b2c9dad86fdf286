/** `npm run bench`: the benchmarks of `test/bench/`, with the built bundle. */
import { runDevelopmentScript } from './bootstrap.mjs';

await runDevelopmentScript('../../test/bench/main.ts');
