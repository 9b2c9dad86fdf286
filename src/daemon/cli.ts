import { toError } from '../base/errors';
import { exitCodes } from '../protocol/command-line';
import { WireError } from '../protocol/errors';
import { formatHelp } from './command-line/help';
import { parseCommandLine, type GivenOptions } from './command-line/parse-command-line';
import { CommandError, printResult, printWords } from './command-line/terminal';

/**
 * Parses the command line and runs one mode; each process evaluates only the modules of its own. Resolves with the exit code: what goes wrong
 * is said on standard error.
 */
export async function runCommandLine(words: readonly string[], programFile: string): Promise<number> {
  const line = parseCommandLine(words);
  switch (line.kind) {
    case 'version': {
      const { productVersion } = await import(/* webpackMode: "eager" */ './configuration/product-version');
      printResult(productVersion);
      return exitCodes.ok;
    }
    case 'help':
      process.stdout.write(formatHelp(line.command));
      return exitCodes.ok;
    case 'fault':
      printWords(`remote-kernels: ${line.message}`);
      printWords(`See: remote-kernels ${line.command === undefined ? '' : `${line.command.name} `}--help`);
      return exitCodes.usage;
    case 'run':
      return run(line.command.name, line.options, programFile).catch((error: unknown) => explain(error));
  }
}

async function run(command: string, options: GivenOptions, programFile: string): Promise<number> {
  switch (command) {
    case 'serve':
      if (process.getuid?.() === 0 && !options.has('--single-user'))
        return (
          await import(/* webpackMode: "eager" */ './command-line/many-users/serve-many-users')
        ).runServeManyUsers(options, programFile);
      return (await import(/* webpackMode: "eager" */ './command-line/serve')).runServe(options, programFile);
    case 'pair':
      return (await import(/* webpackMode: "eager" */ './command-line/pair')).runPair(options.has('--json'));
    case 'status':
      return (await import(/* webpackMode: "eager" */ './command-line/status')).runStatus(
        options.has('--json'),
        programFile,
      );
    case 'check':
      return (await import(/* webpackMode: "eager" */ './command-line/check')).runCheck(
        options.has('--json'),
        programFile,
      );
    case 'certificate show':
      return (await import(/* webpackMode: "eager" */ './command-line/certificate-show')).runCertificateShow(
        options.has('--json'),
      );
    case 'certificate use':
      return (await import(/* webpackMode: "eager" */ './command-line/certificate-use')).runCertificateUse(
        options,
      );
    case 'install':
      return (await import(/* webpackMode: "eager" */ './command-line/installation/install')).runInstall(
        options,
        programFile,
      );
    case 'uninstall':
      return (await import(/* webpackMode: "eager" */ './command-line/installation/uninstall')).runUninstall(
        options,
      );
    case 'announce':
      return (await import(/* webpackMode: "eager" */ './front-door/announcer')).runAnnouncer();
    case 'front-door':
      return (await import(/* webpackMode: "eager" */ './front-door/front-door-mode')).runFrontDoor(
        programFile,
      );
    case 'pam':
      // Without `--trial` it is not run here, but by `main.ts`.
      return (await import(/* webpackMode: "eager" */ './supervisor/pam-trial')).runPamTrial();
    case 'processes':
      return (
        await import(/* webpackMode: "eager" */ './command-line/process-usage/report-processes')
      ).runProcesses(programFile);
    case 'keeper':
      return (await import(/* webpackMode: "eager" */ './keeper/main')).runKeeper();
    default: {
      const [doorFolder] = options.values('--door');
      return (await import(/* webpackMode: "eager" */ './agent/main')).runAgent({
        programFile,
        json: options.has('--json'),
        isServer: options.has('--server'),
        ...(doorFolder === undefined ? {} : { doorFolder }),
      });
    }
  }
}

function explain(error: unknown): number {
  printWords(`remote-kernels: ${toError(error).message}`);
  if (error instanceof CommandError) return error.exitCode;
  return error instanceof WireError ? exitCodes.ioError : exitCodes.software;
}
