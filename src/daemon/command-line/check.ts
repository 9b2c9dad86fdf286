import * as v from 'valibot';
import { exitCodes } from '../../protocol/command-line';
import { systemConfigurationSchema } from '../configuration/system-configuration';
import { systemPaths } from '../configuration/system-paths';
import { checkServiceAccount, checkSetpriv } from './checking/check-accounts';
import { checkCertificate } from './checking/check-certificate';
import { checkClock } from './checking/check-clock';
import { checkAgentConfiguration, checkConfiguration } from './checking/check-configuration';
import { checkNames } from './checking/check-names';
import { checkAnnouncement, checkPort } from './checking/check-network';
import { checkPam, checkPamParts } from './checking/check-pam';
import { checkPortRights } from './checking/check-port-rights';
import { checkFolderRights, checkProgramRights } from './checking/check-rights';
import { checkUserConfiguration } from './checking/check-user-configuration';
import { formatFindings, type CheckedHost, type Finding } from './checking/finding';
import { findUserFiles } from './single-user-plan';
import { printResult } from './terminal';

/**
 * `remote-kernels check`: says all that is wrong with the daemon of many users on this host, and to others than root with their own files; starts and
 * changes nothing. Resolves with 78 when something is wrong.
 */
export async function runCheck(isJson: boolean, programFile: string): Promise<number> {
  const findings = await checkHost({
    paths: systemPaths,
    programFile,
    isRoot: process.getuid?.() === 0,
    nowMs: Date.now(),
  });
  const isOk = findings.every(({ level }) => level !== 'wrong');
  printResult(isJson ? JSON.stringify({ isOk, findings }) : formatFindings(findings));
  return isOk ? exitCodes.ok : exitCodes.configuration;
}

/** Everything that can be found, in the order of the report. */
export async function checkHost(host: CheckedHost): Promise<readonly Finding[]> {
  const configuration = await checkConfiguration(host);
  // A file that cannot be used hides no other fault: the rest is checked with the defaults.
  const value = configuration.value ?? v.parse(systemConfigurationSchema, {});
  return [
    ...configuration.findings,
    ...(await checkNames(value)),
    ...(await checkAgentConfiguration(host)),
    ...(await checkServiceAccount()),
    await checkSetpriv(),
    ...(await checkProgramRights(host)),
    ...(await checkFolderRights(host)),
    ...(await checkPam(host)),
    await checkPamParts(host),
    ...(await checkCertificate(host)),
    checkClock(host.nowMs),
    ...checkPortRights(value.port),
    ...(await checkPort(host, value)),
    await checkAnnouncement(value),
    ...(host.isRoot ? [] : await checkUserConfiguration(await findUserFiles())),
  ];
}
