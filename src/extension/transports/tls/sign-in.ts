import { attemptsBeforePause, type SignedIn, type SignInMethod } from '../../../protocol/front-door';
import type { MorePrompts } from '../../../protocol/front-door';
import type { Pin } from '../../../protocol/pin';
import {
  ConnectionError,
  passwordSecretKey,
  type ConnectOptions,
  type Interaction,
  type Prompt,
  type PromptAnswer,
} from '../transport';
import type { FrontDoor, SignInAnswer } from './front-door';

/** A sign-in at a front door whose key was verified. */
export interface SignInContext {
  readonly door: FrontDoor;
  readonly pin: Pin;
  /** As the front door offers them; methods that are not known here are left out. */
  readonly methods: readonly string[];
  /** Names this client in the person's list of sign-ins. */
  readonly label: string;
  readonly options: ConnectOptions;
}

/**
 * Signs in: silently with a remembered password, otherwise by asking. A wrong answer is asked for again until the host would pause. Rejects
 * with `sign-in-needed` when there is nobody to ask, `cancelled` when a question was dismissed, `refused` after the last wrong answer.
 */
export async function signIn(context: SignInContext): Promise<SignedIn> {
  const { options, methods } = context;
  const known = methods.filter(
    (method): method is SignInMethod => method === 'code' || method === 'password',
  );
  if (known.length === 0)
    throw new ConnectionError('not-supported', `it offers only ${methods.join(', ')} to sign in`);
  if (known.includes('password')) {
    const signedIn = await signInWithRememberedPassword(context);
    if (signedIn !== undefined) return signedIn;
  }
  const { interaction } = options;
  if (interaction === undefined) throw needed(options);
  const method = await chooseMethod(known, interaction, options);
  return method === 'code'
    ? await signInWithCode(context, interaction)
    : await signInWithPassword(context, interaction);
}

async function chooseMethod(
  methods: readonly SignInMethod[],
  interaction: Interaction,
  { hostName, signal }: ConnectOptions,
): Promise<SignInMethod> {
  const [first, second] = methods;
  if (first === undefined) throw new ConnectionError('not-supported', 'no way to sign in');
  if (second === undefined || interaction.chooseSignIn === undefined) return first;
  return (await interaction.chooseSignIn({ hostName, methods }, signal)) ?? cancel();
}

/** Gives `undefined` when there is no remembered password, or it is not good any more: then it is forgotten. */
async function signInWithRememberedPassword(context: SignInContext): Promise<SignedIn | undefined> {
  const { options, pin, door, label } = context;
  const { userName, secrets, interaction, signal } = options;
  if (userName === undefined) return undefined;
  const key = passwordSecretKey(pin, userName);
  const password = await secrets.get(key);
  if (password === undefined) return undefined;
  const first = await door.signIn({ username: userName, answers: [password], label }, signal);
  if (first.kind === 'more' && interaction === undefined) throw needed(options);
  const { answer, change } =
    first.kind === 'more' && interaction !== undefined
      ? await converse(context, interaction, userName, first.more)
      : { answer: first };
  if (answer.kind === 'signed-in') {
    const { user } = answer.signedIn;
    if (user !== userName || change?.kind === 'unknown') await secrets.delete(key);
    const kept = passwordAfter(password, change);
    if (kept !== undefined && (user !== userName || change !== undefined))
      await secrets.set(passwordSecretKey(pin, user), kept);
    return answer.signedIn;
  }
  await secrets.delete(key);
  return undefined;
}

async function signInWithCode(context: SignInContext, interaction: Interaction): Promise<SignedIn> {
  const { door, options, label } = context;
  for (let failures = 0; failures < attemptsBeforePause; failures += 1) {
    const typed = await ask(interaction, options, {
      hostName: options.hostName,
      kind: 'code',
      isSecret: false,
      canRemember: false,
      ...refusedAfter(failures),
    });
    const answer = await door.signIn({ code: typed.value.trim().slice(0, 64), label }, options.signal);
    if (answer.kind === 'signed-in') return answer.signedIn;
  }
  throw new ConnectionError('refused', 'no code was accepted');
}

async function signInWithPassword(context: SignInContext, interaction: Interaction): Promise<SignedIn> {
  const { options, pin } = context;
  const { hostName, secrets } = options;
  const named = await ask(interaction, options, {
    hostName,
    kind: 'user-name',
    isSecret: false,
    canRemember: false,
    ...(options.userName === undefined ? {} : { suggestion: options.userName }),
  });
  const userName = named.value.trim();
  for (let failures = 0; failures < attemptsBeforePause; failures += 1) {
    const password = await ask(interaction, options, {
      hostName,
      kind: 'password',
      userName,
      isSecret: true,
      canRemember: true,
      ...refusedAfter(failures),
    });
    const { answer, change } = await signInAs(context, interaction, userName, password.value);
    if (answer.kind !== 'signed-in') continue;
    // Under the host's spelling of the name, which is the one that is remembered, looked up and forgotten.
    const { signedIn } = answer;
    const kept = passwordAfter(password.value, change);
    if (password.isToBeRemembered && kept !== undefined)
      await secrets.set(passwordSecretKey(pin, signedIn.user), kept);
    return signedIn;
  }
  throw new ConnectionError('refused', 'no password was accepted', { userName });
}

async function signInAs(
  context: SignInContext,
  interaction: Interaction,
  username: string,
  password: string,
): Promise<Conversed> {
  const { door, label, options } = context;
  const answer = await door.signIn({ username, answers: [password], label }, options.signal);
  return answer.kind === 'more' ? await converse(context, interaction, username, answer.more) : { answer };
}

/** What came of a sign-in in which the host may have asked on. */
interface Conversed {
  readonly answer: SignInAnswer;
  /** What the host seems to have had changed. */
  readonly change?: PasswordChange;
}

/**
 * Somebody who gives a hidden answer twice running has set something: the password when the host said so, in the words of PAM in the language in
 * which the daemon asks (C), or a PIN, or what else a module calls in its own way.
 */
type PasswordChange = { readonly kind: 'fresh'; readonly password: string } | { readonly kind: 'unknown' };

/** How modules of PAM ask for a password that is to be set. */
const freshPasswordPrompt = /new.*pass(?:word|phrase)/i;

/** The password of the account after a sign-in with this one, as far as that can be known: nothing else is remembered for the next time. */
function passwordAfter(before: string, change: PasswordChange | undefined): string | undefined {
  if (change === undefined) return before;
  return change.kind === 'fresh' ? change.password : undefined;
}

/**
 * How often a host may ask on: PAM stacks ask for a second factor, and for an expired password, a fresh one and its repetition, again when that was
 * mistyped; more is a loop.
 */
const maxRounds = 16;

/** Puts the host's own questions to the person one by one, until the host has decided. */
async function converse(
  { door, label, options }: SignInContext,
  interaction: Interaction,
  username: string,
  first: MorePrompts,
): Promise<Conversed> {
  let more = first;
  let lastHidden: { readonly value: string; readonly text: string } | undefined;
  let change: PasswordChange | undefined;
  for (let round = 0; round < maxRounds; round += 1) {
    const answers: string[] = [];
    for (const prompt of more.prompts) {
      const answer = await ask(interaction, options, {
        hostName: options.hostName,
        kind: 'other',
        text: prompt.text,
        userName: username,
        isSecret: !prompt.echo,
        canRemember: false,
      });
      answers.push(answer.value);
      if (!prompt.echo && answer.value !== '' && answer.value === lastHidden?.value) {
        const isPassword = [lastHidden.text, prompt.text].some((text) => freshPasswordPrompt.test(text));
        change = isPassword ? { kind: 'fresh', password: answer.value } : { kind: 'unknown' };
      }
      lastHidden = prompt.echo ? undefined : { value: answer.value, text: prompt.text };
    }
    const { conversation } = more;
    const answer = await door.signIn({ username, answers, conversation, label }, options.signal);
    if (answer.kind !== 'more') return { answer, ...(change === undefined ? {} : { change }) };
    more = answer.more;
  }
  throw new ConnectionError('refused', 'the host asks without end', { userName: username });
}

async function ask(
  interaction: Interaction,
  { signal }: ConnectOptions,
  prompt: Prompt,
): Promise<PromptAnswer> {
  const answer = await interaction.ask(prompt, signal);
  signal.throwIfAborted();
  return answer ?? cancel();
}

function refusedAfter(failures: number): { refused?: { attemptsLeft: number } } {
  return failures === 0 ? {} : { refused: { attemptsLeft: attemptsBeforePause - failures } };
}

function needed({ userName }: ConnectOptions): ConnectionError {
  return new ConnectionError(
    'sign-in-needed',
    'the sign-in ended and there is nobody to ask',
    userName === undefined ? {} : { userName },
  );
}

function cancel(): never {
  throw new ConnectionError('cancelled', 'the question was dismissed');
}
