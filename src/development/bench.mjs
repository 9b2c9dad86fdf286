/**
 * `npm run bench`: the benchmarks of `test/bench/`, with the built bundle. `npm run bench many-users` runs those of the daemon of root, and needs
 * root for them.
 */
import { runDevelopmentScript } from './bootstrap.mjs';

const [topic] = process.argv.slice(2);
await runDevelopmentScript(
  topic === 'many-users' ? '../../test/bench/many-users/main.ts' : '../../test/bench/main.ts',
);
