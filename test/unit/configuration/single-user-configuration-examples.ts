/** Texts of a user's file for the daemon that are right, with what they say besides the defaults. */
export const understoodSingleUsers: readonly [text: string, value: object][] = [
  ['{}', {}],
  ['{"$schema":"x","port":0,"announce":false}', { port: 0, announce: false }],
  ['{"listen":["all"],"name":" lab 7 "}', { listen: ['all'], name: 'lab 7' }],
  [
    '{"signInIdleDays":0.5,"signInDays":1,"logLevel":"debug"}',
    { signInIdleDays: 0.5, signInDays: 1, logLevel: 'debug' },
  ],
];

const ofRoot =
  'belongs to the daemon that root runs for all users (/etc/remote-kernels/config.json); one that serves only you has nothing like it';

/** Texts that are wrong, with every problem as `line:column: sentence`. */
export const refusedSingleUsers: readonly [text: string, ...problems: string[]][] = [
  ['[]', '1:1: the configuration is not an object'],
  ['{"prot": 7443}', '1:2: there is no key "prot"; did you mean "port"?'],
  [
    '{"listen": ["lab-7"]}',
    '1:13: "listen[0]": give an IP address of this machine (192.168.1.7, ::1), "localhost", or "all" for every address',
  ],
  ['{"port": 65536}', '1:10: "port": invalid value: expected <=65535 but received 65536'],
  [
    '{\n  "allowUsers": ["ada"],\n  "minimumUid": 1,\n  "environments": "list"\n}',
    `2:3: "allowUsers" ${ofRoot}`,
    `3:3: "minimumUid" ${ofRoot}`,
    `4:3: "environments" ${ofRoot}`,
  ],
  [
    '{"maxKernelsPerUser": 3}',
    `1:2: "maxKernelsPerUser" ${ofRoot}, but "maxKernels" in agent.json in the same folder`,
  ],
  [
    '{"maxKernels": 3}',
    '1:2: "maxKernels" belongs to agent.json in the same folder, since it is about kernels and their agent',
  ],
];
