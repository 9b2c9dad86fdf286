import { randomBytes } from 'node:crypto';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { Emitter } from '../../base/event';
import { toError } from '../../base/errors';
import type { Logger, LogLevel } from '../../base/logger';
import type { Parsed } from '../../base/parse';
import { Sequence } from '../../base/sequence';
import type { PairingCode } from '../../protocol/command-line';
import type { DaemonStatus } from '../../protocol/daemon-control';
import type { FrontDoorEvent, FrontDoorOrder } from '../../protocol/front-door-process';
import { protocolVersion } from '../../protocol/version';
import { frontDoorLimits } from '../configuration/front-door-limits';
import { productVersion } from '../configuration/product-version';
import { openCertificate } from '../front-door/certificate';
import type { DaemonCertificate } from '../front-door/daemon-certificate';
import { openDaemonId } from '../front-door/daemon-id';
import { FrontDoor } from '../front-door/front-door';
import { OrderedFrontDoor } from '../front-door/ordered-front-door';
import { tokenLifetimesOf } from '../supervisor/token-store';
import { formatAddress, urlOf } from './addresses';
import { serveControl } from './control-server';
import type { DaemonFolders } from './daemon-folders';
import { listKernels } from './list-kernels';
import { afterEvent, firstFrontDoorState } from './many-users/front-door-state';
import type { SingleUserPlan } from './single-user-plan';
import { openSingleUserSupervision, type SingleUserSupervision } from './single-user-supervision';

/** What a single-user daemon is started with. */
export interface SingleUserDaemonOptions {
  readonly plan: SingleUserPlan;
  /** Reads the plan again, beside the one in force. */
  readonly readPlan: (before: SingleUserPlan) => Promise<Parsed<SingleUserPlan>>;
  readonly onLogLevel: (level: LogLevel) => void;
  readonly folders: DaemonFolders;
  /** This program's own file, for the agent and the announcer. */
  readonly programFile: string;
  readonly log: Logger;
}

const certificateCheckMs = 12 * 60 * 60_000;

/** Front door and supervisor of one user in one process. Made by {@link startSingleUserDaemon}. */
export class SingleUserDaemon implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly changes = new Sequence();
  private readonly codeEmitter = new Emitter<PairingCode>();
  private readonly frontDoorEmitter = new Emitter<FrontDoorEvent>();
  private readonly startedAt = new Date().toISOString();
  private readonly frontDoor: FrontDoor;
  private readonly ordered: OrderedFrontDoor;
  private plan: SingleUserPlan;
  private state = firstFrontDoorState;
  /** Nobody hears of the daemon before it answers everything. */
  private isAnswering = false;

  constructor(
    private readonly options: SingleUserDaemonOptions,
    private readonly daemonId: string,
    private certificate: DaemonCertificate,
    private readonly supervision: SingleUserSupervision,
  ) {
    const { log, plan, programFile } = options;
    this.plan = plan;
    this.owned.add(supervision.tokens);
    this.frontDoor = this.owned.add(
      new FrontDoor({
        certificate,
        wellKnown: {
          protocol: protocolVersion,
          daemonId,
          startId: randomBytes(16).toString('hex'),
          name: plan.serve.name,
          signIn: ['code'],
          version: productVersion,
        },
        supervisor: supervision.supervisor,
        limits: frontDoorLimits,
        log: log.child('front door'),
      }),
    );
    const say = (event: FrontDoorEvent) => this.receive(event);
    this.ordered = this.owned.add(
      new OrderedFrontDoor({ order: this.order(), frontDoor: this.frontDoor, programFile, say, log }),
    );
  }

  /** Fires when `pair` has made a code. */
  readonly onCode = this.codeEmitter.event;

  /** What becomes of the place and of the announcement. */
  readonly onFrontDoor = this.frontDoorEmitter.event;

  get onSignedIn() {
    return this.supervision.supervisor.onSignedIn;
  }

  /** What a program or a person that started the daemon is told. Throws before it listens. */
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

  /** Which front door the agent is told that it is behind. */
  describeFrontDoor() {
    return { daemonId: this.daemonId, pin: this.certificate.pin, port: this.state.addresses?.port ?? 0 };
  }

  /** Listens, and answers `pair` and `status`. Rejects when that is not possible. */
  async start(): Promise<void> {
    await this.ordered.start();
    this.options.log.info(`start 3/4: listening on ${this.describe().addresses.join(', ')}`);
    const renewal = setInterval(() => void this.renewCertificate(), certificateCheckMs);
    this.owned.addRelease(() => clearInterval(renewal));
    await this.openControl();
  }

  /** Begins to announce itself, if it is to. */
  announce(): void {
    this.isAnswering = true;
    this.ordered.follow(this.order());
  }

  /** Makes a pairing code; the one before is void. */
  pair(): PairingCode {
    const { code, expiresAtMs } = this.supervision.codes.issue();
    const { url, pin } = this.describe();
    return { code, expiresAt: new Date(expiresAtMs).toISOString(), pin, url };
  }

  /** Reads the configuration again and uses it; connections stay. What cannot be used leaves what was there before, and the log says so. */
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
      this.supervision.tokens.setLifetimes(tokenLifetimesOf(this.plan.configuration));
      this.ordered.follow(this.order());
      log.info('the configuration was reloaded');
    });
  }

  /** Ends in order: goodbye on the network, answers under way, connections. The agent and the kernels stay. */
  async stop(): Promise<void> {
    await this.ordered.stop();
    await this.supervision.tokens
      .save()
      .catch((error: unknown) => this.options.log.warn(`sign-ins were not saved: ${toError(error).message}`));
    this.dispose();
  }

  dispose(): void {
    this.owned.dispose();
    this.codeEmitter.dispose();
    this.frontDoorEmitter.dispose();
  }

  private order(): FrontDoorOrder {
    const { certificate, daemonId, plan } = this;
    const { privateKeyPem, certificatePem } = certificate;
    return {
      daemonId,
      name: plan.serve.name,
      listen: plan.serve.listen.map(({ host, isOptional }) => ({ host, isOptional })),
      port: plan.serve.port,
      isAnnounced: plan.isAnnounced && this.isAnswering,
      certificate: { privateKeyPem, certificatePem },
      logLevel: plan.logLevel,
    };
  }

  private receive(event: FrontDoorEvent): void {
    this.state = afterEvent(this.state, event, this.plan.serve);
    this.frontDoorEmitter.fire(event);
  }

  private async openControl(): Promise<void> {
    const pair = () => {
      const code = this.pair();
      this.codeEmitter.fire(code);
      return code;
    };
    const { folders } = this.options;
    this.owned.add(await serveControl(folders.controlSocket, { pair, status: () => this.status() }));
  }

  private renewCertificate(): Promise<void> {
    return this.changes.run(async () => {
      const { folders, log } = this.options;
      try {
        this.certificate = await openCertificate(folders.state, this.plan.serve.name);
        this.ordered.follow(this.order());
      } catch (error) {
        log.error('the certificate could not be renewed', error);
      }
    });
  }

  private async status(): Promise<DaemonStatus> {
    const { codes, door, tokens } = this.supervision;
    const { announcement, placeProblem } = this.state;
    const count = this.frontDoor.countConnections();
    const codeExpiresAtMs = codes.expiresAtMs;
    const open = await door.find();
    const kernels = open === undefined ? undefined : await listKernels(open).catch(() => undefined);
    const { agentPid } = door;
    return {
      version: productVersion,
      pid: process.pid,
      startedAt: this.startedAt,
      ...this.describe(),
      ...(placeProblem === undefined ? {} : { placeProblem }),
      ...announcement,
      connections: count.all,
      signedInConnections: count.signedIn,
      signIns: tokens.size,
      ...(codeExpiresAtMs === undefined ? {} : { codeExpiresAt: new Date(codeExpiresAtMs).toISOString() }),
      ...(open === undefined || agentPid === undefined ? {} : { agentPid }),
      ...(kernels === undefined ? {} : { kernels }),
    };
  }
}

/** Makes the parts and begins to listen and to answer commands. Rejects, holding nothing, when one of them cannot be had. */
export async function startSingleUserDaemon(options: SingleUserDaemonOptions): Promise<SingleUserDaemon> {
  const { folders, log, plan, programFile } = options;
  const certificate = await openCertificate(folders.state, plan.serve.name);
  const daemonId = await openDaemonId(folders.state);
  log.info(`start 2/4: the key has the fingerprint ${certificate.pin}`);
  const supervision = await openSingleUserSupervision({
    configuration: plan.configuration,
    folders,
    programFile,
    frontDoor: () => daemon.describeFrontDoor(),
    log: log.child('supervisor'),
  });
  const daemon = new SingleUserDaemon(options, daemonId, certificate, supervision);
  try {
    await daemon.start();
    return daemon;
  } catch (error) {
    daemon.dispose();
    throw error;
  }
}
