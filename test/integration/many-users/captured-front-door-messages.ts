import { parseJson } from '../../../src/base/parse';
import { maxSupervisorMessageBytes, parseSupervisorRequest } from '../../../src/protocol/supervisor';

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What whoever holds the front door knows and guesses with. */
export interface Knowledge {
  readonly random: () => number;
  /** Tokens that were valid or nearly are: guesses are made of them. */
  readonly tokens: readonly string[];
  /** Conversations of others that wait for an answer. */
  readonly conversations: readonly string[];
  /** Part of every guessed password, to be looked for in logs. */
  readonly canary: string;
}

const alphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

const names = [
  ...['ada', 'bob', 'eve', 'carol', 'ADA', 'root', 'daemon', 'nobody', 'remote-kernels', 'www-data'],
  ...['../../x', '/etc/shadow', '0', '1000', '-1', '--help', '-no-such-account-', 'ada\0bob', 'ada\nbob'],
  ...['ada bob', 'ada:0', 'ada$', 'ada%00', '$(reboot)', ';reboot', '*', '', ' ', '\u202eada', 'ａｄａ'],
  ...['x'.repeat(255), 'x'.repeat(1024), '__proto__', 'constructor', 'toString', 'LAB\\ada', 'ada@lab'],
];

/** One of these. */
export function pick<T>(random: () => number, from: readonly T[]): T {
  const item = from[Math.floor(random() * from.length)];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}

/** A token that is none, as random as a real one or one character away from it. */
function guessToken({ random, tokens }: Knowledge): string {
  const known = random() < 0.5 ? undefined : tokens[Math.floor(random() * tokens.length)];
  if (known === undefined) return Array.from({ length: 43 }, () => pick(random, alphabet)).join('');
  const at = Math.floor(random() * known.length);
  // The last character holds two bits that belong to nothing, so any other character there makes another text all the same.
  const others = alphabet.filter((character) => character !== known[at]);
  return known.slice(0, at) + pick(random, others) + known.slice(at + 1);
}

/** Few addresses, so that their attempts are held up, and at times one that is invented to get round that. */
function forgeAddress({ random }: Knowledge): string {
  if (random() < 0.97) return '192.0.2.66';
  return pick(random, [
    `198.51.100.${Math.floor(random() * 256)}`,
    `2001:db8:${Math.floor(random() * 65_536).toString(16)}::1`,
    `::ffff:203.0.113.${Math.floor(random() * 256)}`,
    '::1',
  ]);
}

function wrongSignIn(knowledge: Knowledge): object {
  const { random, canary, conversations } = knowledge;
  const address = forgeAddress(knowledge);
  const password = `${canary}-${random()}`;
  const label = random() < 0.2 ? { label: `${canary}-label` } : {};
  if (random() < 0.1) return { kind: 'signIn', address, credentials: { code: '1234-5678' }, ...label };
  const username = pick(random, names);
  const answers = pick(random, [
    [password],
    [],
    [''],
    [password, password],
    new Array<string>(16).fill(password),
  ]);
  const conversation =
    random() < 0.7 ? undefined : pick(random, [...conversations, 'c1', '', '0'.repeat(32)]);
  // Carol's own conversation is never continued as her here: everybody else is a stranger to it.
  const who = conversation !== undefined && username === 'carol' ? 'ada' : username;
  const credentials = { username: who, answers, ...(conversation === undefined ? {} : { conversation }) };
  return { kind: 'signIn', address, credentials, ...label };
}

/** A request in every way as a front door in order makes it, behind which nobody's password or token is. */
export function wellFormed(knowledge: Knowledge): object {
  const { random } = knowledge;
  const what = random();
  if (what < 0.4) return { kind: 'resume', token: guessToken(knowledge) };
  if (what < 0.6) return { kind: 'signOut', token: guessToken(knowledge), isEverywhere: random() < 0.5 };
  return wrongSignIn(knowledge);
}

/** Each makes bytes that no supervisor may take for a request. */
export const malformations: Readonly<Record<string, (knowledge: Knowledge, id: number) => string | Buffer>> =
  {
    'no JSON': ({ canary }, id) => `{"id":${id},"kind":"resume","token":"${canary}\n`,
    'an empty line': () => '\n',
    'random bytes': ({ random }) =>
      Buffer.concat([
        Buffer.from(
          Array.from({ length: 1 + Math.floor(random() * 500) }, () => 0x80 + Math.floor(random() * 0x80)),
        ),
        Buffer.from('\n'),
      ]),
    'an unknown kind': ({ random, canary }, id) =>
      lineOf({
        id,
        kind: pick(random, [
          'openDoor',
          'startAgent',
          'stopAgent',
          'reload',
          'status',
          'SIGNIN',
          '__proto__',
          'toString',
        ]),
        user: 'ada',
        token: canary,
      }),
    'no kind': (_knowledge, id) => lineOf({ id }),
    'a kind that is no text': ({ random }, id) =>
      lineOf({ id, kind: pick(random, [1, null, true, ['resume'], {}]) }),
    'a key too many': (knowledge, id) => lineOf({ id, ...wellFormed(knowledge), uid: 0 }),
    'a key of a prototype': ({ random }, id) =>
      `{"id":${id},"kind":"resume","token":"${'T'.repeat(43)}","${pick(random, ['__proto__', 'constructor', 'hasOwnProperty'])}":{"isAllowed":true}}\n`,
    'no number': (knowledge) => lineOf(wellFormed(knowledge)),
    'a number that is none': ({ random }) =>
      `{"id":${pick(random, ['-1', '1.5', '1e400', '"1"', 'null', '[1]', '-1e-9'])},"kind":"resume","token":"${'T'.repeat(43)}"}\n`,
    'a token of another shape': ({ random, tokens, canary }, id) =>
      lineOf({
        id,
        kind: pick(random, ['resume', 'signOut']),
        isEverywhere: true,
        token: pick(random, [
          `${tokens[0] ?? canary}=`,
          canary,
          '',
          '../../etc/shadow',
          43,
          null,
          ['T'.repeat(43)],
          {},
        ]),
      }),
    'types that are wrong': ({ random, canary }, id) =>
      lineOf({
        id,
        kind: 'signIn',
        address: pick<unknown>(random, ['192.0.2.66', 7, null, {}]),
        credentials: pick<unknown>(random, [
          canary,
          null,
          [],
          { username: 'ada' },
          { username: 'ada', answers: canary },
          { username: ['ada'], answers: [canary] },
          { username: 'ada', answers: [1] },
          { username: 'ada', answers: [[canary]] },
          { username: 'ada', answers: { length: 1, 0: canary } },
          { username: 'ada', answers: new Array<string>(17).fill(canary) },
          { username: 'ada', answers: [canary], code: '1' },
          { username: 'ada', answers: [canary], isAccepted: true },
          { username: 'x'.repeat(1025), answers: [canary] },
        ]),
      }),
    'an address that is none': ({ random, canary }, id) =>
      lineOf({
        id,
        kind: 'signIn',
        address: pick(random, [
          '',
          '2001:db8:1::/64',
          'fe80::1%eth0',
          'localhost',
          '127.0.0.1\n4/4: signed in as root',
          `\0${random()}`,
          'x'.repeat(1000) + String(random()),
        ]),
        credentials: { username: 'ada', answers: [canary] },
      }),
    'deep nesting': ({ random }, id) => {
      const [open, close] = pick(random, [
        ['[', ']'],
        ['{"a":', '}'],
      ] as const);
      const depth = Math.floor(3_500 / (open.length + close.length));
      return `{"id":${id},"kind":"resume","token":${open.repeat(depth)}1${close.repeat(depth)}}\n`;
    },
    'a line that is too long': ({ canary, random }, id) =>
      lineOf({
        id,
        kind: 'signIn',
        address: '192.0.2.66',
        credentials: { code: canary.repeat(200 + Math.floor(random() * 500)) },
      }),
    'a line without an end': ({ random }) =>
      pick(random, ['x', ' ', '\0', '{', '\r', 'é']).repeat(
        maxSupervisorMessageBytes + 1 + Math.floor(random() * 99_999),
      ),
    'a list of requests': (knowledge, id) => lineOf([{ id, ...wellFormed(knowledge) }]),
    'a value that is no object': ({ random }) => lineOf(pick<unknown>(random, [null, true, 1, 'resume', []])),
    'bytes that are no text': (_knowledge, id) =>
      Buffer.concat([
        Buffer.from(`{"id":${id},"kind":"resume","token":"`),
        Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80]),
        Buffer.from('"}\n'),
      ]),
    zeros: (_knowledge, id) => `\0${lineOf({ id, kind: 'resume', token: 'T'.repeat(43) })}`,
    'a request cut in two': (knowledge, id) => {
      const line = lineOf({ id, ...wellFormed(knowledge) });
      const at = 1 + Math.floor(knowledge.random() * (line.length - 3));
      return `${line.slice(0, at)}\n${line.slice(at)}`;
    },
    'a number twice': ({ canary }, id) =>
      lineOf({ id, kind: 'signIn', address: '192.0.2.66', credentials: { code: canary } }).repeat(2),
    'another protocol': ({ random, canary }) =>
      pick(random, [
        `POST /sign-in HTTP/1.1\r\nHost: x\r\n\r\n{"username":"ada","answers":["${canary}"]}\n`,
        '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\n',
        'SSH-2.0-OpenSSH_9.2\r\n',
      ]),
  };

/** Those that are one line can be shown to be none of the three requests by the parser of the protocol, too. */
export function isOneRequest(bytes: string | Buffer): boolean {
  const lines = bytes.toString('utf8').split('\n').slice(0, -1);
  return lines.length === 1 && parseJson(lines[0] ?? '', parseSupervisorRequest).ok;
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
