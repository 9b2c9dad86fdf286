import { randomBytes } from 'node:crypto';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { Emitter } from '../../base/event';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { AnnouncementOrder } from '../../protocol/announcer';
import type { PairingCode } from '../../protocol/command-line';
import type { DaemonStatus } from '../../protocol/daemon-control';
import type { Pin } from '../../protocol/pin';
import { protocolVersion } from '../../protocol/version';
import { frontDoorLimits } from '../configuration/front-door-limits';
import { productVersion } from '../configuration/product-version';
import type { ServeOptions } from '../configuration/serve-options';
import { announcementOrderOf } from '../front-door/announcement-order';
import { AnnouncementProcess, announcementPace } from '../front-door/announcement-process';
import { openCertificate } from '../front-door/certificate';
import { openDaemonId } from '../front-door/daemon-id';
import { FrontDoor } from '../front-door/front-door';
import { readUser } from '../platform/users';
import { runAgentCommand } from '../supervisor/agent-command';
import { AgentDoor } from '../supervisor/agent-door';
import { PairingCodes } from '../supervisor/pairing-code';
import { RateLimiter, signInRateLimits } from '../supervisor/rate-limiter';
import { SingleUserSupervisor } from '../supervisor/single-user-supervisor';
import { openTokenStore, tokenLifetimes, type TokenStore } from '../supervisor/token-store';
import { formatAddress, urlOf } from './addresses';
import { announcementStatusOf } from './announcement-status';
import { serveControl } from './control-server';
import type { DaemonFolders } from './daemon-folders';
import { listKernels } from './list-kernels';

/** What a single-user daemon is started with. */
export interface SingleUserDaemonOptions {
  readonly serve: ServeOptions;
  readonly folders: DaemonFolders;
  /** This program's own file, for the agent and the announcer. */
  readonly programFile: string;
  readonly isAnnounced: boolean;
  readonly log: Logger;
}

const codeLifetimeMs = 10 * 60_000;
const refusalMs = 1_000;
const certificateCheckMs = 12 * 60 * 60_000;

/** Front door and supervisor of one user in one process. Made by {@link startSingleUserDaemon}. */
export class SingleUserDaemon implements Disposable {
  private readonly codeEmitter = new Emitter<PairingCode>();
  private readonly startedAt = new Date().toISOString();

  constructor(
    private readonly parts: {
      readonly options: SingleUserDaemonOptions;
      readonly daemonId: string;
      readonly pin: Pin;
      readonly addresses: { readonly port: number; readonly hosts: readonly string[] };
      readonly supervisor: SingleUserSupervisor;
      readonly tokens: TokenStore;
      readonly codes: PairingCodes;
      readonly door: AgentDoor;
      readonly frontDoor: FrontDoor;
      readonly announcement: AnnouncementProcess | undefined;
      readonly owned: DisposableStore;
    },
  ) {}

  /** Fires when `pair` has made a code. */
  readonly onCode = this.codeEmitter.event;

  get onSignedIn() {
    return this.parts.supervisor.onSignedIn;
  }

  /** Absent when the daemon is not to be announced. */
  get announcement(): AnnouncementProcess | undefined {
    return this.parts.announcement;
  }

  /** What a program that started the daemon is told. */
  describe() {
    const { addresses, pin, daemonId } = this.parts;
    return {
      url: urlOf(addresses.hosts, addresses.port),
      addresses: addresses.hosts.map((host) => formatAddress(host, addresses.port)),
      pin,
      daemonId,
    };
  }

  /** Makes a pairing code; the one before is void. */
  pair(): PairingCode {
    const { code, expiresAtMs } = this.parts.codes.issue();
    const { url, pin } = this.describe();
    return { code, expiresAt: new Date(expiresAtMs).toISOString(), pin, url };
  }

  /** Begins to answer `pair` and `status`. */
  async openControl(): Promise<void> {
    const pair = () => {
      const code = this.pair();
      this.codeEmitter.fire(code);
      return code;
    };
    const { folders } = this.parts.options;
    this.parts.owned.add(await serveControl(folders.controlSocket, { pair, status: () => this.status() }));
  }

  /** Ends in order: goodbye on the network, answers under way, connections. The agent and the kernels stay. */
  async stop(): Promise<void> {
    const { announcement, frontDoor, tokens, options } = this.parts;
    await Promise.all([announcement?.stop(), frontDoor.stop()]);
    await tokens
      .save()
      .catch((error: unknown) => options.log.warn(`sign-ins were not saved: ${toError(error).message}`));
    this.dispose();
  }

  dispose(): void {
    this.parts.owned.dispose();
  }

  private async status(): Promise<DaemonStatus> {
    const { options, codes, door, frontDoor, tokens, announcement } = this.parts;
    const count = frontDoor.countConnections();
    const codeExpiresAtMs = codes.expiresAtMs;
    const open = await door.find();
    const kernels = open === undefined ? undefined : await listKernels(open).catch(() => undefined);
    const { agentPid } = door;
    return {
      version: productVersion,
      name: options.serve.name,
      pid: process.pid,
      startedAt: this.startedAt,
      ...this.describe(),
      ...announcementStatusOf(announcement?.state),
      connections: count.all,
      signedInConnections: count.signedIn,
      signIns: tokens.size,
      ...(codeExpiresAtMs === undefined ? {} : { codeExpiresAt: new Date(codeExpiresAtMs).toISOString() }),
      ...(open === undefined || agentPid === undefined ? {} : { agentPid }),
      ...(kernels === undefined ? {} : { kernels }),
    };
  }
}

/** Makes the parts and begins to listen, to announce and to answer commands. Rejects, holding nothing, when one of them cannot be had. */
export async function startSingleUserDaemon(options: SingleUserDaemonOptions): Promise<SingleUserDaemon> {
  const { folders, serve, log } = options;
  const owned = new DisposableStore();
  try {
    const certificate = await openCertificate(folders.state, serve.name);
    const daemonId = await openDaemonId(folders.state);
    const { pin } = certificate;
    log.info(`start 2/4: the key has the fingerprint ${pin}`);
    let port = 0;
    const frontDoorOfAgent = () => ({ daemonId, pin, port });
    const supervision = await makeSupervisor(options, frontDoorOfAgent);
    owned.add(supervision.tokens);
    const wellKnown = {
      protocol: protocolVersion,
      daemonId,
      startId: randomBytes(16).toString('hex'),
      name: serve.name,
      signIn: ['code'],
      version: productVersion,
    };
    const frontDoor = owned.add(
      new FrontDoor({
        certificate,
        wellKnown,
        supervisor: supervision.supervisor,
        limits: frontDoorLimits,
        log: log.child('front door'),
      }),
    );
    const addresses = await frontDoor.listen(serve.listen, serve.port);
    port = addresses.port;
    log.info(
      `start 3/4: listening on ${addresses.hosts.map((host) => formatAddress(host, port)).join(', ')}`,
    );
    const order = () => announcementOrderOf({ name: serve.name, daemonId, pin, ...addresses });
    const announcement = options.isAnnounced ? owned.add(makeAnnouncement(options, order)) : undefined;
    const renewal = setInterval(() => void renewCertificate(frontDoor, options), certificateCheckMs);
    owned.addRelease(() => clearInterval(renewal));
    const { supervisor, tokens, codes, door } = supervision;
    const daemon = new SingleUserDaemon({
      options,
      daemonId,
      pin,
      addresses,
      supervisor,
      tokens,
      codes,
      door,
      frontDoor,
      announcement,
      owned,
    });
    await daemon.openControl();
    return daemon;
  } catch (error) {
    owned.dispose();
    throw error;
  }
}

async function makeSupervisor(
  options: SingleUserDaemonOptions,
  frontDoor: () => { daemonId: string; pin: string; port: number },
) {
  const log = options.log.child('supervisor');
  const monotonicMs = () => performance.now();
  const codes = new PairingCodes(codeLifetimeMs, Date.now);
  const tokens = await openTokenStore(
    `${options.folders.state}/sign-ins.json`,
    tokenLifetimes,
    Date.now,
    log,
  );
  const door = new AgentDoor({
    folder: options.folders.door,
    frontDoor,
    openDoor: (request, signal) =>
      runAgentCommand({ programFile: options.programFile, door: request, signal }),
    log,
    now: monotonicMs,
  });
  const rateLimiter = new RateLimiter(signInRateLimits, monotonicMs);
  const user = readUser().name;
  const supervisor = new SingleUserSupervisor({ user, codes, tokens, rateLimiter, door, log, refusalMs });
  return { supervisor, codes, tokens, door };
}

function makeAnnouncement(
  options: SingleUserDaemonOptions,
  order: () => AnnouncementOrder | undefined,
): AnnouncementProcess {
  return new AnnouncementProcess({
    programFile: options.programFile,
    order,
    log: options.log.child('announcement'),
    ...announcementPace,
  });
}

async function renewCertificate(frontDoor: FrontDoor, options: SingleUserDaemonOptions): Promise<void> {
  try {
    const certificate = await openCertificate(options.folders.state, options.serve.name);
    if (frontDoor.renew(certificate))
      options.log.info('the certificate was renewed; the key and its fingerprint stay');
  } catch (error) {
    options.log.error('the certificate could not be renewed', error);
  }
}
