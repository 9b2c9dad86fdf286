/**
 * A program of the tests: `remote-kernels announce`, which asks avahi-daemon whether it still answers not each minute but all the time.
 */
import { runAnnouncer } from '../../../src/daemon/front-door/announcer';

void runAnnouncer({ avahiCheckMs: 500 }).then((exitCode) => process.exit(exitCode));
