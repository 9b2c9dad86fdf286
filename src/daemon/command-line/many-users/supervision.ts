import { join } from 'node:path';
import { toDisposable, type Disposable } from '../../../base/disposable';
import type { Logger } from '../../../base/logger';
import { withDeadline } from '../../../base/time';
import type { DoorRequest } from '../../../protocol/agent';
import { exitCodes } from '../../../protocol/command-line';
import type { SystemConfiguration } from '../../configuration/system-configuration';
import type { SystemPaths } from '../../configuration/system-paths';
import { readFileIfPresent } from '../../platform/private-files';
import type { Account } from '../../supervisor/account';
import { namesOfUser, SystemAccounts } from '../../supervisor/accounts';
import { AgentsOfUsers } from '../../supervisor/agents-of-users';
import { readLoginShells } from '../../supervisor/login-shells';
import { ManyUsersSupervisor } from '../../supervisor/many-users-supervisor';
import { PamChecker } from '../../supervisor/pam-checker';
import { openTokenStore, tokenLifetimesOf, type TokenStore } from '../../supervisor/token-store';
import { judgeServiceAccount } from '../checking/check-accounts';
import { CommandError } from '../terminal';

/** The parts that know who may sign in and how to their agents. */
export interface Supervision extends Disposable {
  readonly supervisor: ManyUsersSupervisor;
  readonly tokens: TokenStore;
}

/** What they are made with. */
export interface SupervisionOptions {
  readonly configuration: SystemConfiguration;
  readonly paths: SystemPaths;
  readonly programFile: string;
  readonly frontDoorGid: number;
  /** Which front door the agents are told that they are behind. */
  readonly frontDoor: () => DoorRequest['frontDoor'];
  readonly log: Logger;
  /** Milliseconds of a clock that does not go back; that of this process by default. */
  readonly now?: () => number;
}

/** Where system users are. A directory is asked by number only, since not every one lists all. */
const passwdFile = '/etc/passwd';

/** As whom the front door runs. */
export const frontDoorUser = 'remote-kernels';

const lookUpTimeoutMs = 10_000;

/** The account of the front door. Rejects with a {@link CommandError} when it is not there or has rights that it must not have. */
export async function findFrontDoorAccount(): Promise<Account> {
  const signal = withDeadline(lookUpTimeoutMs, `the account ${frontDoorUser}`);
  const accounts = new SystemAccounts();
  const account = await accounts.byName(frontDoorUser, signal);
  if (account === undefined)
    throw new CommandError(
      `the system user ${frontDoorUser}, as whom the part with the network runs, is missing; make it with: remote-kernels install`,
      exitCodes.configuration,
    );
  if (account.uid === 0 || account.gid === 0)
    throw new CommandError(
      `the system user ${frontDoorUser} has the rights of root, so the part with the network cannot run as it; remove that account and run: remote-kernels install`,
      exitCodes.configuration,
    );
  const { name, uid, gid, home, shell } = account;
  const finding = judgeServiceAccount([name, 'x', uid, gid, '', home, shell].join(':'));
  if (finding.level === 'wrong')
    throw new CommandError([finding.message, finding.mend ?? ''].join('; '), exitCodes.configuration);
  const sharers = namesOfUser(account.uid, (await readFileIfPresent(passwdFile)) ?? '');
  const others = new Set([(await accounts.byUid(account.uid, signal))?.name ?? '', ...sharers]);
  others.delete(frontDoorUser);
  if (others.size > 0)
    throw new CommandError(
      `the system user ${frontDoorUser} has the same number (${account.uid}) as ${[...others].join(', ')}, whose processes the part with the network could steer; remove that account and run: remote-kernels install`,
      exitCodes.configuration,
    );
  return account;
}

/** Makes the parts. Rejects when the sign-ins cannot be read. */
export async function openSupervision(options: SupervisionOptions): Promise<Supervision> {
  const { configuration, paths, programFile, frontDoorGid, frontDoor, log } = options;
  const { now = () => performance.now() } = options;
  const file = join(paths.state, 'sign-ins.json');
  const tokens = await openTokenStore(file, tokenLifetimesOf(configuration), Date.now, log);
  const credentials = new PamChecker({ programFile });
  const supervisor = new ManyUsersSupervisor({
    accounts: new SystemAccounts(),
    credentials,
    tokens,
    agents: new AgentsOfUsers({
      programFile,
      usersFolder: join(paths.run, 'users'),
      frontDoorGid,
      frontDoor,
      log,
      now,
    }),
    configuration,
    readShells: () => readLoginShells(),
    log,
    now,
    random: Math.random,
  });
  const release = () => {
    credentials.dispose();
    tokens.dispose();
  };
  return { supervisor, tokens, ...toDisposable(release) };
}
