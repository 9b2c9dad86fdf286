import { isIP } from 'node:net';
import { Emitter } from '../../../base/event';
import { formatClientHeader, headers as protocolHeaders, type Hello } from '../../../protocol/agent';
import { formatPin, isSamePin, type Pin } from '../../../protocol/pin';
import { concernOf, describeConcern } from '../certificate-end';
import { toConnectionError } from '../connection-errors';
import { createHttpOverSockets } from '../http-over-sockets';
import {
  ConnectionError,
  passwordSecretKey,
  tokenSecretKey,
  type Connection,
  type ConnectOptions,
  type Endpoint,
  type PresentedCertificate,
} from '../transport';
import { FrontDoor } from './front-door';
import {
  formatAddress,
  openPinnedSocket,
  type KeyJudge,
  type PresentedKey,
  type TlsPlace,
} from './pinned-socket';
import { signIn } from './sign-in';
import type { TlsTransportOptions } from './tls-transport-options';

type TlsEndpoint = Extract<Endpoint, { kind: 'tls' }>;

/** What was decided about the key of a host, before anything was sent to it. */
interface TrustedKey extends PresentedKey {
  /** Whether nobody was asked and nothing was recorded, because an authority vouches for a name that was typed. */
  readonly isByAuthority: boolean;
}

/** Connects, asks about an unknown key, signs in. Rejects with a {@link ConnectionError}. */
export async function connectTls(
  endpoint: TlsEndpoint,
  options: ConnectOptions,
  { client, certificateAuthorities }: TlsTransportOptions,
): Promise<Connection> {
  const place: TlsPlace = {
    hostname: endpoint.hostname,
    port: endpoint.port,
    addresses: endpoint.addresses ?? [],
    certificateAuthorities: (await certificateAuthorities?.()) ?? [],
  };
  try {
    const key = await trustKey(place, endpoint, options);
    return await openConnection(place, key, endpoint, options, client);
  } catch (error) {
    throw toConnectionError(error, { address: formatAddress(place.hostname, place.port) }, options.signal);
  }
}

/**
 * Shakes hands once and decides about the key that was shown: a recorded pin decides alone; a trusted authority is enough for a name that was
 * typed or configured; everything else is a question for the person. The socket carries nothing and is closed.
 */
async function trustKey(
  place: TlsPlace,
  endpoint: TlsEndpoint,
  options: ConnectOptions,
): Promise<TrustedKey> {
  const { acceptedPin, onStep, logger, signal, hostName, interaction } = options;
  onStep('reaching');
  const judge = acceptedPin === undefined ? acceptAny : requirePin(acceptedPin);
  const { socket, presented } = await openPinnedSocket(place, judge, signal);
  socket.destroy();
  onStep('checking-key');
  const address = formatAddress(presented.address, place.port);
  logger.info(`reached ${address}, which shows the key ${formatPin(presented.pin)}`);
  if (acceptedPin !== undefined) return { ...presented, isByAuthority: false };
  const isNameTrusted = endpoint.origin === 'typed' || endpoint.origin === 'configured';
  if (presented.isTrustedByAuthority && isNameTrusted) {
    logger.info('the key is vouched for by a trusted certificate authority');
    return { ...presented, isByAuthority: true };
  }
  const { pin } = presented;
  if (interaction === undefined)
    throw new ConnectionError('key-unknown', 'nobody has accepted its key yet', {
      address,
      presentedPin: pin,
    });
  const question = { hostName, address, pin, origin: endpoint.origin };
  const isConfirmed = await interaction.confirmKey(question, signal);
  signal.throwIfAborted();
  if (!isConfirmed)
    throw new ConnectionError('key-declined', 'the key was not confirmed', { address, presentedPin: pin });
  logger.info('the key was confirmed');
  return { ...presented, isByAuthority: false };
}

const acceptAny: KeyJudge = () => undefined;

/** Accepts one key and no other. */
function requirePin(expected: Pin): KeyJudge {
  return ({ pin }) =>
    isSamePin(pin, expected)
      ? undefined
      : new ConnectionError('key-changed', `it shows the key ${formatPin(pin)}`, { presentedPin: pin });
}

/** Everything after the key: what is there, who we are. Closes what it opened if it fails. */
async function openConnection(
  place: TlsPlace,
  key: TrustedKey,
  endpoint: TlsEndpoint,
  options: ConnectOptions,
  client: Parameters<typeof formatClientHeader>[0],
): Promise<Connection> {
  const { secrets, signal, logger } = options;
  const address = formatAddress(key.address, place.port);
  const closed = new Emitter<ConnectionError>();
  let token: string | undefined;
  let isSignedIn = false;
  let isClosed = false;
  let certificate = certificateOf(key, key.isByAuthority);
  const concern = concernOf(certificate, Date.now());
  if (concern !== undefined) logger.warn(describeConcern(concern));
  const judge = requirePin(key.pin);
  // The address that answered first is the host for this connection, whatever its name resolves to later.
  const reached: TlsPlace = { ...place, addresses: [key.address], isAddressKnown: true };
  const http = createHttpOverSockets({
    baseUrl: `https://${toUrlHost(place.hostname, place.port)}`,
    openSocket: async (socketSignal) => {
      const { socket, presented } = await openPinnedSocket(reached, judge, socketSignal);
      certificate = certificateOf(presented, key.isByAuthority);
      return socket;
    },
    headers: () =>
      token === undefined
        ? {}
        : { authorization: `Bearer ${token}`, [protocolHeaders.client]: formatClientHeader(client) },
    onUnauthorized() {
      if (!isSignedIn || isClosed) return;
      isClosed = true;
      closed.fire(new ConnectionError('sign-in-needed', 'the host ended the sign-in', { address }));
    },
  });
  const door = new FrontDoor(http, { address });
  try {
    const wellKnown = await door.readWellKnown(signal);
    options.onStep('signing-in');
    const hello = await resume();
    const userName = hello?.user ?? (await enter(wellKnown.signIn));
    isSignedIn = true;
    logger.info(`signed in as ${userName}`);
    return {
      ...http,
      endpoint,
      address,
      userName,
      pin: key.pin,
      daemonId: wellKnown.daemonId,
      ...(key.isByAuthority ? { isTrustedByAuthority: true } : {}),
      get certificate() {
        return certificate;
      },
      onDidClose: closed.event,
      async signOut({ isEverywhere, signal: signOutSignal }) {
        isSignedIn = false;
        await secrets.delete(tokenSecretKey(key.pin, userName));
        await secrets.delete(passwordSecretKey(key.pin, userName));
        await door.signOut(isEverywhere, signOutSignal);
      },
      dispose() {
        isClosed = true;
        http.dispose();
        closed.dispose();
      },
    };
  } catch (error) {
    http.dispose();
    throw error;
  }

  /** Tries the token of an earlier sign-in, which is how a reload asks nothing. */
  async function resume(): Promise<Hello | undefined> {
    if (options.userName === undefined) return undefined;
    const secretKey = tokenSecretKey(key.pin, options.userName);
    token = await secrets.get(secretKey);
    if (token === undefined) return undefined;
    const answer = await door.readHello(signal);
    if (answer !== undefined) {
      if (answer.user !== options.userName) {
        await secrets.set(tokenSecretKey(key.pin, answer.user), token);
        await secrets.delete(secretKey);
      }
      return answer;
    }
    logger.info('the host does not accept the earlier sign-in any more');
    token = undefined;
    await secrets.delete(secretKey);
    return undefined;
  }

  /** Signs in and proves it with a first request, which may have to wait for the agent to start. */
  async function enter(methods: readonly string[]): Promise<string> {
    const signedIn = await signIn({ door, pin: key.pin, methods, label: client.label, options });
    token = signedIn.token;
    await secrets.set(tokenSecretKey(key.pin, signedIn.user), signedIn.token);
    options.onStep('starting-agent');
    const answer = await door.readHello(signal);
    if (answer === undefined)
      throw new ConnectionError('refused', 'the host refused the sign-in that it had just given', {
        address,
        userName: signedIn.user,
      });
    return signedIn.user;
  }
}

function certificateOf(
  { certificateEndsAt, isSelfSigned }: PresentedKey,
  isReliedOn: boolean,
): PresentedCertificate {
  return { endsAt: certificateEndsAt, isSelfSigned, isReliedOn };
}

/** The authority part of an address that is only ever a label: a name that no URL can hold is written as `localhost`. */
function toUrlHost(hostname: string, port: number): string {
  const bare = hostname.replace(/%.*$/, '');
  if (isIP(bare) === 0 && !/^[A-Za-z0-9._-]+$/.test(bare)) return `localhost:${port}`;
  return formatAddress(bare, port);
}
