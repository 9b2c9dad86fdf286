import { runCommandLine } from './cli';

void runCommandLine(process.argv.slice(2), __filename).then((exitCode) => {
  process.exitCode = exitCode;
});
