import type { Change } from '../../../src/daemon/command-line/installation/changes';
import { installationPlaces } from '../../../src/daemon/command-line/installation/places';
import { removeAll } from '../../../src/daemon/command-line/installation/uninstall';

/** Removes the installation below the folder of the first word, whose changes are the second one, and prints what has to stay. */
const [root = '', changes = '[]'] = process.argv.slice(2);

void removeAll(installationPlaces(root), JSON.parse(changes) as readonly Change[]).then((remains) => {
  process.stdout.write(JSON.stringify(remains));
});
