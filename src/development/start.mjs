/** `npm start [-- --once]`: sets up what is missing, shows the main job in the terminal and opens the editor. */
import { runDevelopmentScript } from './bootstrap.mjs';

await runDevelopmentScript('demonstration/main.ts');
