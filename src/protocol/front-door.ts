import * as v from 'valibot';
import { parserOf } from '../base/parse';

/** The port of the front door when nothing else is asked for. It is outside the ranges that systems hand out by themselves. */
export const defaultPort = 7443;

/** What the front door answers by itself; everything else goes to the agent of the token's user. */
export const frontDoorPaths = {
  wellKnown: '/.well-known/remote-kernels',
  signIn: '/sign-in',
  signOut: '/sign-out',
} as const;

/** The query that ends all of the user's sign-ins. */
export const signOutEverywhere = 'everywhere';

/** How a person can sign in at a front door. */
export type SignInMethod = 'password' | 'code';

const wellKnownSchema = v.object({
  protocol: v.string(),
  /** Stable for the life of the installed daemon: 32 hexadecimal digits. */
  daemonId: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'not a daemon id')),
  /** Fresh at each start of the daemon. */
  startId: v.string(),
  name: v.pipe(v.string(), v.maxLength(255)),
  /** Methods of a newer minor version are kept as text and ignored by those who do not know them. */
  signIn: v.array(v.string()),
  version: v.string(),
});

/** Answer to `GET /.well-known/remote-kernels`. */
export type WellKnown = v.InferOutput<typeof wellKnownSchema>;

/** Reads {@link WellKnown}. */
export const parseWellKnown = parserOf('front door', wellKnownSchema);

const shortText = v.pipe(v.string(), v.maxLength(1024));

const signInRequestSchema = v.union([
  v.strictObject({ code: v.pipe(v.string(), v.maxLength(64)), label: v.exactOptional(shortText) }),
  v.strictObject({
    username: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
    answers: v.pipe(v.array(shortText), v.maxLength(16)),
    /** From the `more` before, when this continues a conversation. */
    conversation: v.exactOptional(shortText),
    label: v.exactOptional(shortText),
  }),
]);

/** Body of `POST /sign-in`. `label` names the client in the user's list of sign-ins. */
export type SignInRequest = v.InferOutput<typeof signInRequestSchema>;

/** Reads {@link SignInRequest}; unknown keys are refused, since this comes from strangers. */
export const parseSignInRequest = parserOf('sign-in', signInRequestSchema);

const signedInSchema = v.object({
  token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'not a token')),
  user: v.string(),
  /** ISO 8601: when the token ends even if used all the time. */
  expiresAt: v.string(),
});

/** Answer 200 to `POST /sign-in`. */
export type SignedIn = v.InferOutput<typeof signedInSchema>;

/** Reads {@link SignedIn}. */
export const parseSignedIn = parserOf('sign-in answer', signedInSchema);

const morePromptsSchema = v.object({
  code: v.literal('more'),
  message: v.exactOptional(v.string()),
  prompts: v.pipe(
    v.array(v.object({ text: v.pipe(v.string(), v.maxLength(512)), echo: v.boolean() })),
    v.minLength(1),
    v.maxLength(16),
  ),
  conversation: v.string(),
});

/** Answer 401 to `POST /sign-in` when more is asked: a second factor, a new password. The prompts are put to the person one by one. */
export type MorePrompts = v.InferOutput<typeof morePromptsSchema>;

/** Reads {@link MorePrompts}. */
export const parseMorePrompts = parserOf('sign-in prompts', morePromptsSchema);

/** How often a person can answer wrongly before a pause; said in the input box. */
export const attemptsBeforePause = 3;
