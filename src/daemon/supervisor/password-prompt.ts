/** What a PAM module asks a person. */
interface Prompt {
  readonly text: string;
  readonly echo: boolean;
}

/** The password of the account, as the modules of Linux-PAM, sssd, winbind, LDAP and Kerberos call it in the language in which we ask (C). */
const password = /pass ?(?:word|phrase)/i;
/** What is called a password, too, and is another one: one-time codes, both in one line, and a password to be set. */
const anotherOne = /one.?time|\botp\b|token|verification|code|\bnew\b|retype|again/i;

/**
 * Whether these prompts ask for the password that a person has given with the name, and for nothing else. Only then it is handed over without asking:
 * a module that wants a second factor first would take it for that, fail, and perhaps log it.
 */
export function asksForPassword(prompts: readonly Prompt[]): boolean {
  const [prompt] = prompts;
  if (prompt === undefined || prompts.length > 1 || prompt.echo) return false;
  // Above the last line there may be words of other modules.
  const line = prompt.text.trimEnd().split('\n').at(-1) ?? '';
  return password.test(line) && !anotherOne.test(line);
}
