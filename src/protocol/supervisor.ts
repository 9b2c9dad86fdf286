import * as v from 'valibot';
import { parserOf } from '../base/parse';
import { addressSchema } from './address';

/**
 * Between front door and supervisor: three requests and no other, JSON, one a line, at most {@link maxSupervisorMessageBytes}, no handles.
 * There is no request that starts an agent without a sign-in or a token. In the single-user daemon both ends are in one process and the
 * same types are used as function arguments.
 */
export const maxSupervisorMessageBytes = 4096;

/** How many requests can be under way on one channel; one more ends it. A front door in order keeps below. */
export const maxSupervisorRequests = 256;

const id = v.pipe(v.number(), v.integer(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(1024));
const token = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'not a token'));

const supervisorRequestSchema = v.variant('kind', [
  v.strictObject({
    id,
    kind: v.literal('signIn'),
    /** Of the client. Limits and rules about addresses go by it, so a front door that was taken over can invent others. */
    address: addressSchema,
    credentials: v.union([
      v.strictObject({ code: text }),
      v.strictObject({
        username: text,
        answers: v.pipe(v.array(text), v.maxLength(16)),
        conversation: v.exactOptional(text),
      }),
    ]),
    label: v.exactOptional(text),
  }),
  v.strictObject({ id, kind: v.literal('resume'), token }),
  v.strictObject({ id, kind: v.literal('signOut'), token, isEverywhere: v.boolean() }),
]);

/** What a front door may ask. */
export type SupervisorRequest = v.InferOutput<typeof supervisorRequestSchema>;

/** Reads {@link SupervisorRequest}. */
export const parseSupervisorRequest = parserOf('supervisor request', supervisorRequestSchema);

const doorSchema = v.object({
  /** The path of the agent's door socket. */
  socket: v.string(),
  /** 256 bits in base64url; sent with every request on the door socket. */
  doorKey: v.string(),
});

/** The way to one user's agent, which a front door knows only after that user's sign-in. */
export type Door = v.InferOutput<typeof doorSchema>;

const supervisorResponseSchema = v.variant('kind', [
  v.object({
    id,
    kind: v.literal('signedIn'),
    token,
    user: v.string(),
    expiresAt: v.string(),
    door: doorSchema,
  }),
  v.object({
    id,
    kind: v.literal('more'),
    prompts: v.array(v.object({ text: v.string(), echo: v.boolean() })),
    conversation: v.string(),
  }),
  v.object({ id, kind: v.literal('resumed'), user: v.string(), door: doorSchema }),
  v.object({ id, kind: v.literal('signedOut'), tokens: v.number() }),
  v.object({ id, kind: v.literal('refused') }),
  v.object({ id, kind: v.literal('wait'), retryAfterMs: v.number() }),
  v.object({
    id,
    kind: v.literal('unavailable'),
    message: v.string(),
    /** The sign-in is valid and may not be used now: its open connections end, and its holder can come back with it. */
    endsConnections: v.exactOptional(v.boolean()),
  }),
]);

/** What the supervisor answers. `refused` has no reason: the reason is for the administrator's log. */
export type SupervisorResponse = v.InferOutput<typeof supervisorResponseSchema>;

/** Reads {@link SupervisorResponse}. */
export const parseSupervisorResponse = parserOf('supervisor response', supervisorResponseSchema);

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** A question of that kind as a plain object, without the number that pairs it with its answer on a channel. */
export type SupervisorQuestion<K extends SupervisorRequest['kind']> = WithoutId<
  Extract<SupervisorRequest, { kind: K }>
>;

/** An answer of those kinds, without its number. */
export type SupervisorAnswer<K extends SupervisorResponse['kind']> = WithoutId<
  Extract<SupervisorResponse, { kind: K }>
>;

/**
 * For whom a front door asks: a user that it knows, or where the request of somebody comes from whose token nobody has looked at yet, by which of the
 * connections from there. `gone` aborts when nobody is there any more for whom it is worth waiting for room to ask.
 */
export type Asker = { readonly gone?: AbortSignal } & (
  { readonly user: string } | { readonly source: string; readonly connection?: number }
);

/**
 * What a front door knows of its supervisor, whether both are in one process or at the two ends of a channel. The promises reject only
 * when the signal aborts or the channel is lost, or with a `WireError` when somebody asks for more at once than can wait. The asker is not sent: by it
 * everybody has a share of a channel.
 */
export interface Supervisor {
  /** Checks credentials; counts the attempt before it looks at them. `refused` takes the same time for every cause. */
  signIn(
    question: SupervisorQuestion<'signIn'>,
    signal: AbortSignal,
  ): Promise<SupervisorAnswer<'signedIn' | 'more' | 'refused' | 'wait' | 'unavailable'>>;
  /** Checks a token and starts its user's agent if it does not answer. */
  resume(
    question: SupervisorQuestion<'resume'>,
    signal: AbortSignal,
    asker?: Asker,
  ): Promise<SupervisorAnswer<'resumed' | 'refused' | 'unavailable'>>;
  /** Ends this sign-in, or all of its user. */
  signOut(
    question: SupervisorQuestion<'signOut'>,
    signal: AbortSignal,
    asker?: Asker,
  ): Promise<SupervisorAnswer<'signedOut' | 'refused' | 'unavailable'>>;
}
