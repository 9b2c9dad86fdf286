/** `npm run schemas`: writes the JSON schemas of configuration files into `schemas/`, from the schemas that the parsers use. */
import { runDevelopmentScript } from './bootstrap.mjs';

await runDevelopmentScript('schemas/main.ts');
