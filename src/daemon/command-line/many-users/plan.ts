import { join } from 'node:path';
import { failed, type Parsed } from '../../../base/parse';
import type { SystemConfiguration } from '../../configuration/system-configuration';
import { readSystemConfiguration } from '../../configuration/system-configuration-file';
import type { SystemPaths } from '../../configuration/system-paths';
import { describePortFault } from '../../platform/unprivileged-ports';
import type { GivenOptions } from '../parse-command-line';
import { makeServePlan, type ServePlan } from '../serve-plan';

/** What the daemon of many users is to be: the administrator's file, with what the command line says instead. */
export type ManyUsersPlan = ServePlan<SystemConfiguration>;

/** Reads the plan as {@link makeServePlan} makes it. */
export async function readPlan(
  paths: SystemPaths,
  given: GivenOptions,
  before?: ManyUsersPlan,
): Promise<Parsed<ManyUsersPlan>> {
  const path = join(paths.configuration, 'config.json');
  const plan = makeServePlan({ path, reading: await readSystemConfiguration(path) }, given, before);
  if (!plan.ok) return plan;
  // Told here and not by the front door, so that a reload with such a port leaves the one before in use.
  const portFault = describePortFault(plan.value.serve.port);
  return portFault === undefined ? plan : failed(portFault);
}
