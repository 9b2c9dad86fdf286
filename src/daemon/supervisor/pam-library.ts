import type { Koffi } from '../platform/koffi';

/** What programs that use Linux-PAM are linked with. */
export const pamLibrary = 'libpam.so.0';

/** Return values of Linux-PAM (`security/_pam_types.h`) that mean something to us; every other one is a refusal. */
export const pamCodes = {
  success: 0,
  systemError: 4,
  bufferError: 5,
  accountExpired: 13,
  newPasswordRequired: 12,
  conversationError: 19,
  tryAgain: 24,
} as const;

/** What a module wants to say or to know. The style is one of {@link messageStyles}, or something newer. */
export interface ModuleMessage {
  readonly style: number;
  readonly text: string;
}

/** The styles of messages, `PAM_PROMPT_ECHO_OFF` to `PAM_TEXT_INFO`. */
export const messageStyles = { hiddenPrompt: 1, shownPrompt: 2, error: 3, info: 4 } as const;

/**
 * Answers a module, one answer a message, empty for those that ask nothing. The bytes are wiped after they were handed over. An exception ends
 * the attempt.
 */
export type Converse = (messages: readonly ModuleMessage[]) => readonly Buffer[];

/** One conversation with PAM about one user. Every call blocks, and may call the {@link Converse} it was started with. */
export interface PamHandle {
  authenticate(): number;
  checkAccount(): number;
  changeExpiredPassword(): number;
  /** What PAM calls the user now. */
  username(): string | undefined;
  describe(code: number): string;
  /** Ends it, with the code of the last call. */
  end(code: number): void;
}

const itemUser = 2;
const itemTerminal = 3;
const itemRemoteHost = 4;
const itemFailDelay = 10;
const disallowEmptyPassword = 0x1;
const changeExpired = 0x20;
const maxMessages = 32;

/**
 * Starts a conversation with PAM about a user who is at `address`. PAM does not wait before it says that a password is wrong (`pam_fail_delay`(3)): it
 * would wait on top of the time that the check took, which tells accounts from names without one. Who asks makes all refusals wait alike. All calls are synchronous on purpose: a module must not run on a thread beside
 * the one of its process. Throws when there is no PAM or it does not start.
 */
export function startPam(
  koffi: Koffi,
  question: { readonly service: string; readonly username: string; readonly address: string },
  converse: Converse,
): PamHandle {
  const library = koffi.load(pamLibrary);
  const pointer = koffi.pointer(koffi.opaque());
  const callback = koffi.proto('int', ['int', pointer, pointer, pointer]);
  const conversation = koffi.struct({ converse: koffi.pointer(callback), data: pointer });
  const start = library.func('pam_start', 'int', [
    'str',
    'str',
    koffi.pointer(conversation),
    koffi.out(koffi.pointer(pointer)),
  ]);
  const handleOut: unknown[] = [null];
  const registered = koffi.register(answerModules(koffi, converse), koffi.pointer(callback));
  const code = start(
    question.service,
    question.username,
    { converse: registered, data: null },
    handleOut,
  ) as number;
  const handle = handleOut[0];
  const call = (name: string, flags: number): number =>
    library.func(name, 'int', [pointer, 'int'])(handle, flags) as number;
  const setItem = library.func('pam_set_item', 'int', [pointer, 'int', 'str']);
  const describe = (value: number): string =>
    String(library.func('pam_strerror', 'str', [pointer, 'int'])(handle, value));
  if (code !== pamCodes.success) throw new Error(`PAM does not start (${code})`);
  for (const [item, value] of [
    [itemRemoteHost, question.address],
    [itemTerminal, 'remote-kernels'],
  ] as const) {
    if (setItem(handle, item, value) !== pamCodes.success)
      throw new Error('PAM does not take where the person is');
  }
  const waitForNothing = koffi.pointer(koffi.proto('void', ['int', 'unsigned int', pointer]));
  const setFunction = library.func('pam_set_item', 'int', [pointer, 'int', waitForNothing]);
  const wait: unknown = koffi.register(() => undefined, waitForNothing);
  if (setFunction(handle, itemFailDelay, wait) !== pamCodes.success)
    throw new Error('PAM does not let us wait in its place');
  return {
    authenticate: () => call('pam_authenticate', disallowEmptyPassword),
    checkAccount: () => call('pam_acct_mgmt', disallowEmptyPassword),
    changeExpiredPassword: () => call('pam_chauthtok', changeExpired),
    username() {
      const out: unknown[] = [null];
      const get = library.func('pam_get_item', 'int', [pointer, 'int', koffi.out(koffi.pointer(pointer))]);
      if (get(handle, itemUser, out) !== pamCodes.success || out[0] === null) return undefined;
      return koffi.decode.string(out[0]);
    },
    describe,
    end: (last) => void call('pam_end', last),
  };
}

/** The function that modules call; its answers are made with the allocator of C, because modules free them. */
function answerModules(koffi: Koffi, converse: Converse) {
  const system = koffi.load(null);
  const pointer = koffi.pointer(koffi.opaque());
  const allocate = system.func('calloc', pointer, ['size_t', 'size_t']);
  const duplicate = system.func('strdup', pointer, [koffi.pointer('uint8_t')]);
  const message = koffi.struct({ style: 'int', text: 'str' });
  const response = koffi.struct({ text: pointer, code: 'int' });
  return (count: number, messages: unknown, responses: unknown): number => {
    if (count <= 0 || count > maxMessages) return pamCodes.conversationError;
    const said: ModuleMessage[] = [];
    for (let index = 0; index < count; index++) {
      const one: unknown = koffi.decode(messages, index * koffi.sizeof(pointer), pointer);
      const { style, text } = koffi.decode(one, message) as { style: number; text: string | null };
      said.push({ style, text: text ?? '' });
    }
    let answers: readonly Buffer[];
    try {
      answers = converse(said);
    } catch {
      // An exception must not pass through C. The conversation has ended, which is what the module is told.
      return pamCodes.conversationError;
    }
    const block: unknown = allocate(count, koffi.sizeof(response));
    if (block === null) return pamCodes.bufferError;
    answers.forEach((answer, index) => {
      const terminated = Buffer.concat([answer, Buffer.of(0)]);
      const text: unknown = duplicate(terminated);
      terminated.fill(0);
      answer.fill(0);
      koffi.encode(block, index * koffi.sizeof(response), response, { text, code: 0 });
    });
    koffi.encode(responses, pointer, block);
    return pamCodes.success;
  };
}
