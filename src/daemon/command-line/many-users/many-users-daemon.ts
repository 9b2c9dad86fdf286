import { DisposableStore, type Disposable } from '../../../base/disposable';
import { toError } from '../../../base/errors';
import type { Logger, LogLevel } from '../../../base/logger';
import type { Parsed } from '../../../base/parse';
import { Sequence } from '../../../base/sequence';
import { abortable, withDeadline } from '../../../base/time';
import { exitCodes, type ServeEvent } from '../../../protocol/command-line';
import type { DaemonStatus } from '../../../protocol/daemon-control';
import type { FrontDoorEvent, FrontDoorOrder } from '../../../protocol/front-door-process';
import { productVersion } from '../../configuration/product-version';
import type { SystemPaths } from '../../configuration/system-paths';
import { openDaemonCertificate } from '../../front-door/certificate';
import { describeExpiry, type DaemonCertificate } from '../../front-door/daemon-certificate';
import { openDaemonId } from '../../front-door/daemon-id';
import { endProcessesOfUser } from '../../platform/end-processes-of-user';
import type { Account } from '../../supervisor/account';
import { serveSupervisorChannel } from '../../supervisor/supervisor-channel';
import { formatAddress, urlOf } from '../addresses';
import { serveControl } from '../control-server';
import { systemControlSocket } from '../daemon-folders';
import { publishCertificate } from '../public-certificate';
import { CommandError } from '../terminal';
import { FrontDoorChild, frontDoorCommand, frontDoorVariables } from './front-door-child';
import { afterEnd, afterEvent, firstFrontDoorState, portToOrder } from './front-door-state';
import type { ManyUsersPlan } from './plan';
import { findFrontDoorAccount, openSupervision, type Supervision } from './supervision';

/** What the daemon of many users is started with. */
export interface ManyUsersDaemonOptions {
  readonly plan: ManyUsersPlan;
  readonly paths: SystemPaths;
  /** This program's own file, for every child. */
  readonly programFile: string;
  /** Reads the plan again. */
  readonly readPlan: (before: ManyUsersPlan) => Promise<Parsed<ManyUsersPlan>>;
  readonly onLogLevel: (level: LogLevel) => void;
  readonly say: (event: ServeEvent) => void;
  readonly log: Logger;
}

const firstStartTimeoutMs = 30_000;
const certificateCheckMs = 12 * 60 * 60_000;
const frontDoorBackoff = { firstMs: 250, capMs: 60_000, jitter: 0.2 };

/**
 * The supervisor's process: it holds the sign-ins and starts the agents, and keeps a front door running, which alone has the network. Made by
 * {@link startManyUsersDaemon}. Whatever becomes of its children, it goes on.
 */
export class ManyUsersDaemon implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly changes = new Sequence();
  private readonly startedAt = new Date().toISOString();
  private readonly frontDoor: FrontDoorChild;
  private plan: ManyUsersPlan;
  private state = firstFrontDoorState;

  constructor(
    private readonly options: ManyUsersDaemonOptions,
    private readonly daemonId: string,
    private certificate: DaemonCertificate,
    private readonly supervision: Supervision,
    frontDoorUser: Account,
  ) {
    const { log, plan, programFile } = options;
    this.plan = plan;
    this.owned.add(supervision);
    this.frontDoor = this.owned.add(
      new FrontDoorChild({
        command: frontDoorCommand(frontDoorUser, programFile),
        variables: frontDoorVariables(frontDoorUser),
        order: () => this.order(),
        serveChannel: (stream) =>
          serveSupervisorChannel(stream, supervision.supervisor, log.child('channel')),
        endRemains: async () => (await endProcessesOfUser(frontDoorUser.uid)).length,
        backoff: frontDoorBackoff,
        log: log.child('front door'),
      }),
    );
  }

  /** What a program or a person that started the daemon is told. Throws before the front door has listened. */
  describe() {
    const { daemonId, plan } = this;
    const { addresses } = this.state;
    if (addresses === undefined) throw new Error('the front door does not listen yet');
    return {
      name: plan.serve.name,
      url: urlOf(addresses.hosts, addresses.port),
      addresses: addresses.hosts.map((host) => formatAddress(host, addresses.port)),
      pin: this.certificate.pin,
      daemonId,
    };
  }

  /** Which front door the agents are told that they are behind. */
  describeFrontDoor() {
    return { daemonId: this.daemonId, pin: this.certificate.pin, port: this.state.addresses?.port ?? 0 };
  }

  /** Starts the front door and answers `status`. Rejects when the first front door cannot do its work; later ones are tried again for ever. */
  async start(): Promise<void> {
    const { log, say, paths } = this.options;
    await this.useCertificate(this.certificate);
    this.owned.add(
      this.supervision.supervisor.onSignedIn((signedIn) => say({ event: 'signed-in', ...signedIn })),
    );
    this.owned.add(this.frontDoor.onEvent((event) => this.receive(event)));
    this.owned.add(this.frontDoor.onEnded(() => (this.state = afterEnd(this.state))));
    const listening = this.firstListening();
    this.frontDoor.start();
    await abortable(listening, withDeadline(firstStartTimeoutMs, 'the front door'));
    log.info(`start 3/4: listening on ${this.describe().addresses.join(', ')}`);
    const timer = setInterval(() => void this.renewCertificate(), certificateCheckMs);
    this.owned.addRelease(() => clearInterval(timer));
    this.owned.add(
      await serveControl(systemControlSocket(paths), { status: () => Promise.resolve(this.status()) }),
    );
  }

  /** Reads configuration and certificate again and uses them. What cannot be used leaves what was there before, and the log says so. */
  reload(): Promise<void> {
    return this.changes.run(async () => {
      const { log, onLogLevel, readPlan } = this.options;
      const reading = await readPlan(this.plan);
      if (!reading.ok) {
        log.error('the configuration was not reloaded; the one before stays in force:');
        for (const line of reading.error.message.split('\n')) log.error(line);
        return;
      }
      this.plan = reading.value;
      onLogLevel(this.plan.logLevel);
      this.supervision.supervisor.reconfigure(this.plan.configuration);
      await this.useCertificate((await this.readCertificate()) ?? this.certificate);
      this.frontDoor.sendOrder();
      log.info('the configuration was reloaded');
    });
  }

  /** Ends in order: the front door, then what it asked. Agents and kernels stay. */
  async stop(): Promise<void> {
    await this.frontDoor.stop();
    await this.supervision.tokens
      .save()
      .catch((error: unknown) => this.options.log.warn(`sign-ins were not saved: ${toError(error).message}`));
    this.dispose();
  }

  dispose(): void {
    this.owned.dispose();
  }

  /** A front door that is started again takes the port that the one before had, also where that was any free one, or else the whole place. */
  private order(): FrontDoorOrder {
    const { certificate, daemonId, plan } = this;
    const { place } = this.state;
    const { privateKeyPem, certificatePem } = certificate;
    return {
      daemonId,
      name: plan.serve.name,
      listen: plan.serve.listen.map(({ host, isOptional }) => ({ host, isOptional })),
      port: portToOrder(this.state, plan.serve.port),
      ...(place === undefined ? {} : { placeBefore: place }),
      isAnnounced: plan.isAnnounced,
      certificate: { privateKeyPem, certificatePem },
      logLevel: plan.logLevel,
    };
  }

  private firstListening(): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = new DisposableStore();
      this.owned.add(waiting);
      const fail = (message: string) => {
        waiting.dispose();
        reject(new CommandError(message, exitCodes.unavailable));
      };
      waiting.add(
        this.frontDoor.onEvent((event) => {
          if (event.event === 'failed') fail(event.message);
          if (event.event !== 'listening') return;
          waiting.dispose();
          resolve();
        }),
      );
      waiting.add(this.frontDoor.onEnded((how) => fail(`the front door ended before it listened (${how})`)));
    });
  }

  private receive(event: FrontDoorEvent): void {
    const { log, say } = this.options;
    this.state = afterEvent(this.state, event, this.plan.serve);
    switch (event.event) {
      case 'listening': {
        const { url, addresses, pin, daemonId } = this.describe();
        say({ event: 'listening', url, addresses, pin, daemonId });
        break;
      }
      case 'announcing':
      case 'announcement-failed':
      case 'announcement-ended':
      case 'place-refused':
        say(event);
        break;
      case 'connections':
        break;
      case 'failed':
        log.error(`the front door cannot do its work: ${event.message}`);
    }
  }

  private renewCertificate(): Promise<void> {
    return this.changes.run(async () => {
      await this.useCertificate((await this.readCertificate()) ?? this.certificate);
      this.frontDoor.sendOrder();
    });
  }

  private async readCertificate(): Promise<DaemonCertificate | undefined> {
    try {
      return await openDaemonCertificate(this.options.paths.state, this.plan.serve.name);
    } catch (error) {
      this.options.log.error('the certificate was not renewed; the one before stays in use', error);
      return undefined;
    }
  }

  /** Takes it for the next order, and shows it to everybody on this host. */
  private async useCertificate(certificate: DaemonCertificate): Promise<void> {
    const { log, paths } = this.options;
    this.certificate = certificate;
    const words = describeExpiry(certificate, Date.now());
    if (words !== undefined) log.warn(words);
    await publishCertificate(paths.run, certificate.certificatePem).catch((error: unknown) =>
      log.warn(`only root can see the fingerprint: ${toError(error).message}`),
    );
  }

  /** What runs of the users' is read by the command that asks, from the system: no process of a user is asked. */
  private status(): DaemonStatus {
    const { supervision } = this;
    const { announcement, connections, placeProblem } = this.state;
    const frontDoorPid = this.frontDoor.pid;
    return {
      version: productVersion,
      pid: process.pid,
      startedAt: this.startedAt,
      ...this.describe(),
      ...(placeProblem === undefined ? {} : { placeProblem }),
      ...announcement,
      connections: connections.all,
      signedInConnections: connections.signedIn,
      signIns: supervision.tokens.size,
      ...(frontDoorPid === undefined ? {} : { frontDoorPid }),
      users: supervision.tokens
        .countByAccount()
        .map(({ user, uid, signIns }) => ({ name: user, uid, signIns })),
    };
  }
}

/** Makes the parts and begins to serve. Rejects, holding nothing, when one of them cannot be had. The caller holds the lock of the state. */
export async function startManyUsersDaemon(options: ManyUsersDaemonOptions): Promise<ManyUsersDaemon> {
  const { log, paths, plan } = options;
  const frontDoorUser = await findFrontDoorAccount();
  const certificate = await openDaemonCertificate(paths.state, plan.serve.name);
  const daemonId = await openDaemonId(paths.state);
  log.info(`start 2/4: the key has the fingerprint ${certificate.pin}`);
  const supervision = await openSupervision({
    configuration: plan.configuration,
    paths,
    programFile: options.programFile,
    frontDoorGid: frontDoorUser.gid,
    frontDoor: () => daemon.describeFrontDoor(),
    log: log.child('supervisor'),
  });
  const daemon = new ManyUsersDaemon(options, daemonId, certificate, supervision, frontDoorUser);
  try {
    await daemon.start();
    return daemon;
  } catch (error) {
    daemon.dispose();
    throw error;
  }
}
