/**
 * A program of the tests: looks for hosts with the extension's own provider, on every interface of the machine where it runs, and prints what is
 * found as a line of JSON whenever that changes. Ends with its standard input.
 */
import { silentLogger } from '../../../src/base/logger';
import { createMdnsProvider } from '../../../src/extension/hosts/providers/mdns';

const provider = createMdnsProvider({ logger: silentLogger });
provider.onDidChange(() => process.stdout.write(`${JSON.stringify(provider.found)}\n`));
provider.start();
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
