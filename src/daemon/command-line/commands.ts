import { defaultPort } from '../../protocol/front-door';

/** An option of a command. */
export interface OptionDescription {
  /** With the hyphens: `--port`. */
  readonly name: string;
  /** What stands for its value in the help; absent for a switch. */
  readonly value?: string;
  /** Whether it may be given several times. */
  readonly isRepeatable?: boolean;
  readonly words: string;
}

/** A command as the help shows it and the parser reads it. */
export interface CommandDescription {
  /** `certificate show` is one name of two words. */
  readonly name: string;
  readonly summary: string;
  /** What else there is to know; lines of at most 78 characters. */
  readonly details: readonly string[];
  readonly options: readonly OptionDescription[];
  readonly example: readonly string[];
  /** Modes in which the program starts itself. They are not in the help. */
  readonly isInternal?: boolean;
}

const json: OptionDescription = { name: '--json', words: 'print JSON on standard output instead of words' };

/** Every command, in the order of the help. */
export const commands: readonly CommandDescription[] = [
  {
    name: 'serve',
    summary: 'let this host be found and connected to',
    details: [
      'Runs in the foreground until Ctrl-C or SIGTERM; kernels go on afterwards.',
      'As root it serves all users of this host, who sign in with their password',
      'and work as themselves; it reads /etc/remote-kernels/config.json.',
      'Anybody else serves only themselves: clients pair with the code that it',
      'shows; it reads ~/.config/remote-kernels/config.json. The options below',
      'override either file, which is read again at SIGHUP.',
      'Clients check the fingerprint once. A second daemon is refused.',
    ],
    options: [
      { name: '--single-user', words: 'serve only the user who runs it, also where that is root' },
      { name: '--port', value: 'N', words: `port to listen on (default ${defaultPort}; 0 takes a free one)` },
      {
        name: '--listen',
        value: 'ADDRESS',
        isRepeatable: true,
        words:
          'an IP address of this machine, or "all"; may be repeated (default: this machine only; all as root)',
      },
      { name: '--name', value: 'NAME', words: "the name that people see (default: the host's name)" },
      { name: '--no-announce', words: 'do not announce this host on the network' },
      { name: '--log-level', value: 'LEVEL', words: 'debug, info, warn or error (default info)' },
      { name: '--json', words: 'print one JSON object a line on standard output' },
      { name: '--show-code', words: 'print the pairing code also where standard error is no terminal' },
    ],
    example: ['remote-kernels serve --single-user --listen all --name "lab 7"'],
  },
  {
    name: 'pair',
    summary: 'make a fresh pairing code for the running daemon',
    details: ['The code before it becomes void. Each code can be used once, within 10 minutes.'],
    options: [json],
    example: ['remote-kernels pair'],
  },
  {
    name: 'status',
    summary: 'show the running daemon, its connections, kernels and memory; as root also the users',
    details: ['Ends with exit code 69 when no daemon of this user runs.'],
    options: [json],
    example: ['remote-kernels status'],
  },
  {
    name: 'check',
    summary: 'say what is wrong on this host for a daemon of many users',
    details: [
      'Looks at configuration, rights, PAM, certificate, clock, port and network.',
      'Starts and changes nothing. Ends with exit code 78 when something is wrong.',
      'Sees everything only as root; anybody else is also told what is wrong in',
      'their own files below ~/.config/remote-kernels.',
    ],
    options: [json],
    example: ['remote-kernels check'],
  },
  {
    name: 'certificate show',
    summary: "show the fingerprint of this host's key, for comparing",
    details: ['The same 64 digits that a client shows at its first connection.'],
    options: [json],
    example: ['remote-kernels certificate show'],
  },
  {
    name: 'certificate use',
    summary: "put in the host's own certificate (as root)",
    details: [
      'Checks key, order of the chain and dates first. The running daemon takes it at',
      'once. The key is another one then: clients ask their users to accept it.',
    ],
    options: [
      { name: '--cert', value: 'FILE', words: 'PEM: the certificate of the host, then those that signed it' },
      { name: '--key', value: 'FILE', words: 'PEM: its private key, without a passphrase' },
      { name: '--self-signed', words: 'go back to the self-signed certificate and its key' },
    ],
    example: ['remote-kernels certificate use --cert chain.pem --key key.pem'],
  },
  {
    name: 'install',
    summary: 'set this host up to serve all its users (as root)',
    details: [
      'Makes a system user, /opt/remote-kernels, /etc/remote-kernels, a PAM file and',
      'a service. Shows every step first. Run again it changes what is missing or old.',
    ],
    options: [
      { name: '--yes', words: 'do it without a question' },
      { name: '--dry-run', words: 'only show the steps' },
      { name: '--with-node', words: 'copy the Node that runs this into /opt/remote-kernels' },
      { name: '--no-start', words: 'do not start the daemon' },
    ],
    example: ['remote-kernels install'],
  },
  {
    name: 'uninstall',
    summary: 'stop the daemon and undo "install" (as root)',
    details: ["Removes configuration, key and sign-ins; users' files and kernels stay."],
    options: [{ name: '--yes', words: 'do it without a question' }],
    example: ['remote-kernels uninstall'],
  },
  {
    name: 'agent',
    summary: "find or start this user's agent and print where it is",
    details: ['Used over SSH and by the editor on this machine; needs no daemon.'],
    options: [
      json,
      { name: '--door', value: 'FOLDER', words: 'open a door there; its key comes on descriptor 3' },
      { name: '--server', words: 'be the agent (how the command starts it)' },
    ],
    example: ['remote-kernels agent --json'],
  },
  {
    name: 'keeper',
    summary: 'keep one kernel',
    details: [],
    options: [],
    example: [],
    isInternal: true,
  },
  {
    name: 'front-door',
    summary: 'be the front door of a daemon of many users',
    details: [],
    options: [{ name: '--as', value: 'UID:GID', words: 'first become that user, from root' }],
    example: [],
    isInternal: true,
  },
  {
    name: 'announce',
    summary: 'announce a daemon',
    details: [],
    options: [],
    example: [],
    isInternal: true,
  },
  {
    name: 'pam',
    summary: 'ask PAM about one user',
    details: [],
    options: [{ name: '--trial', words: 'only try whether PAM can be called' }],
    example: [],
    isInternal: true,
  },
  {
    name: 'processes',
    summary: 'say what runs of this program',
    details: [],
    options: [],
    example: [],
    isInternal: true,
  },
];
