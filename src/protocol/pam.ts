import * as v from 'valibot';
import { parserOf } from '../base/parse';
import { addressSchema } from './address';

/**
 * Between the supervisor and the child that asks PAM (`remote-kernels pam`), one child an attempt: JSON lines of at most
 * {@link maxPamMessageBytes} on descriptor 3, a socket. The supervisor writes one {@link PamQuestion}; the child answers with
 * {@link PamMessage}s, each `prompts` followed by one {@link PamAnswers} of as many answers, until its `result`, after which it ends. What
 * comes from a person is on this descriptor only, and is wiped from the child's memory as far as JavaScript lets it.
 */
export const maxPamMessageBytes = 8192;

/** The descriptor of the conversation. */
export const pamDescriptor = 3;

/** The name of the PAM service, and of its file in `/etc/pam.d`. */
export const pamService = 'remote-kernels';

const text = v.pipe(v.string(), v.maxLength(1024));

const pamQuestionSchema = v.strictObject({
  service: text,
  username: text,
  /** Where the person is, for modules that look at it (`PAM_RHOST`); empty for a sign-in of which that is not known. */
  address: v.union([v.literal(''), addressSchema]),
  /**
   * Whether only account management is asked for, without authentication: may this account be used now (locked, expired, not at this hour)?
   * Such a question is never followed by prompts.
   */
  isAccountOnly: v.exactOptional(v.boolean()),
});

/** Whom to ask PAM about. */
export type PamQuestion = v.InferOutput<typeof pamQuestionSchema>;

/** Reads {@link PamQuestion}. */
export const parsePamQuestion = parserOf('PAM question', pamQuestionSchema);

const pamAnswersSchema = v.strictObject({ answers: v.pipe(v.array(text), v.maxLength(16)) });

/** What the person answered, in the order of the prompts. */
export type PamAnswers = v.InferOutput<typeof pamAnswersSchema>;

/** Reads {@link PamAnswers}. */
export const parsePamAnswers = parserOf('PAM answers', pamAnswersSchema);

const pamMessageSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('prompts'),
    prompts: v.pipe(v.array(v.strictObject({ text, echo: v.boolean() })), v.minLength(1), v.maxLength(16)),
  }),
  v.strictObject({
    kind: v.literal('result'),
    isAccepted: v.boolean(),
    /** What PAM calls the user after it accepted: modules may map names. */
    username: v.exactOptional(text),
    /** For the administrator's log: which call decided, with which code and in which words. */
    stage: v.picklist(['start', 'authenticate', 'account', 'change-password', 'credentials']),
    code: v.pipe(v.number(), v.integer()),
    message: text,
  }),
]);

/** What the child says. */
export type PamMessage = v.InferOutput<typeof pamMessageSchema>;

/** Reads {@link PamMessage}. */
export const parsePamMessage = parserOf('PAM message', pamMessageSchema);
