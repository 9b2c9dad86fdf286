import { findEntry, findSystemProgram, hasEntry, runSystemCommand } from '../installation/system-command';
import { serviceAccount } from '../installation/places';
import { fine, wrong, type Finding } from './finding';

/** Looks for the program that looks accounts up; says nothing when it is there. */
export async function checkGetent(): Promise<readonly Finding[]> {
  if ((await findSystemProgram('getent')) !== undefined) return [];
  return [
    wrong(
      'system user',
      'there is no getent, with which accounts are looked up',
      'install getent (it is in libc-bin or glibc-common; on Alpine: musl-utils)',
    ),
  ];
}

/** Looks for the system user and group of the front door. */
export async function checkServiceAccount(): Promise<readonly Finding[]> {
  const subject = 'system user';
  const missing = await checkGetent();
  if (missing.length > 0) return missing;
  const findings: Finding[] = [];
  if (!(await hasEntry('group', serviceAccount)))
    findings.push(
      wrong(subject, `there is no group ${serviceAccount}`, `groupadd --system ${serviceAccount}`),
    );
  if (!(await hasEntry('passwd', serviceAccount)))
    findings.push(
      wrong(
        subject,
        `there is no user ${serviceAccount}, as whom the front door runs`,
        `useradd --system --gid ${serviceAccount} --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ${serviceAccount}`,
      ),
    );
  if (findings.length > 0) return findings;
  return [judgeServiceAccount((await findEntry('passwd', serviceAccount)) ?? '')];
}

/** Accounts of people begin here on usual systems (`UID_MIN` of login.defs(5)). */
const firstOrdinaryUid = 1000;

/** Judges a line of passwd(5): the front door must neither be root nor share its user with a person. */
export function judgeServiceAccount(entry: string): Finding {
  const subject = 'system user';
  const [, , uid, gid, , , shell = ''] = entry.trim().split(':');
  if (uid === '0' || gid === '0')
    return wrong(
      subject,
      `${serviceAccount} has the rights of root (user ${uid}, group ${gid ?? '?'})`,
      `userdel ${serviceAccount}, and make it again with: useradd --system ${serviceAccount}`,
    );
  if (Number(uid) >= firstOrdinaryUid && !/\/(nologin|false)$/.test(shell))
    return wrong(
      subject,
      `${serviceAccount} is the account of a person (user ${uid ?? '?'}, shell ${shell === '' ? '/bin/sh' : shell}), who could reach into the front door`,
      `give that account another name, then run: remote-kernels install`,
    );
  return fine(subject, `${serviceAccount} is there (user ${uid ?? '?'})`);
}

/** What {@link judgeSetpriv} wants to see in the help of `setpriv`. */
const neededOptions = [
  '--reuid',
  '--regid',
  '--clear-groups',
  '--init-groups',
  '--no-new-privs',
  '--bounding-set',
  '--inh-caps',
  '--reset-env',
];

/** Looks for the program that takes the rights of root away. */
export async function checkSetpriv(): Promise<Finding> {
  const path = await findSystemProgram('/usr/bin/setpriv');
  return judgeSetpriv(path === undefined ? undefined : await runSystemCommand(path, ['--help']));
}

/** Judges the help of `setpriv`; `undefined` when there is none. */
export function judgeSetpriv(help: string | undefined): Finding {
  const subject = 'setpriv';
  const install = 'install the package util-linux of your system (2.33 or later; on Alpine: setpriv)';
  if (help === undefined)
    return wrong(subject, 'there is no /usr/bin/setpriv, with which rights are taken away', install);
  const missing = neededOptions.filter((option) => !help.includes(option));
  return missing.length === 0
    ? fine(subject, 'it is there with all that is needed')
    : wrong(subject, `/usr/bin/setpriv does not know ${missing.join(', ')}`, install);
}
