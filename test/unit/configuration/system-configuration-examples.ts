/** Texts of the administrator's file that are right, with what they say besides the defaults. */
export const understood: readonly [text: string, value: object][] = [
  ['{}', {}],
  ['{"$schema":"https://example.org/schema.json","port":0}', { port: 0 }],
  [
    '{"name":" lab 7 ","listen":["localhost","[fd00::2]"]}',
    { name: 'lab 7', listen: ['localhost', '[fd00::2]'] },
  ],
  [
    '{\r\n\t"allowGroups": ["staff"], "denyUsers": ["mallory"]\r\n}\r\n',
    { allowGroups: ['staff'], denyUsers: ['mallory'] },
  ],
  ['{"allowGroups":["domain users"]}', { allowGroups: ['domain users'] }],
  ['{"environments":"list"}', { environments: 'list' }],
  ['{"environments":{}}', { environments: { default: 'administer', groups: {} } }],
  [
    '{"environments":{"default":"list","groups":{"data-admins":"administer","domain users":"list"}}}',
    { environments: { default: 'list', groups: { 'data-admins': 'administer', 'domain users': 'list' } } },
  ],
  ['{"maxKernelsPerUser":5,"signInIdleDays":0.5}', { maxKernelsPerUser: 5, signInIdleDays: 0.5 }],
];

/** Texts that are wrong, with every problem as `line:column: sentence`. */
export const refused: readonly [text: string, ...problems: string[]][] = [
  ['', '1:1: not JSON: the file is empty; an empty configuration is {}'],
  ['[]', '1:1: the configuration is not an object'],
  ['7', '1:1: the configuration is not an object'],
  ['{\n  "prot": 7443\n}', '2:3: there is no key "prot"; did you mean "port"?'],
  ['{"AllowUsers": []}', '1:2: there is no key "AllowUsers"; did you mean "allowUsers"?'],
  ['{"somethingElseAltogether": 1}', '1:2: there is no key "somethingElseAltogether"'],
  ['{"__proto__": {"port": 1}}', '1:2: there is no key "__proto__"'],
  [
    '{"constructor": 1, "toString": 2}',
    '1:2: there is no key "constructor"',
    '1:20: there is no key "toString"',
  ],
  ['{"port": "7443"}', '1:10: "port": invalid type: expected number but received "7443"'],
  ['{"port": 1.5}', '1:10: "port": invalid integer: received 1.5'],
  ['{"port": 65536}', '1:10: "port": invalid value: expected <=65535 but received 65536'],
  [
    '{"listen": ["all",\n "lab-7"]}',
    '2:2: "listen[1]": give an IP address of this machine (192.168.1.7, ::1), "localhost", or "all" for every address',
  ],
  ['{"listen": []}', '1:12: "listen": invalid length: expected >=1 but received 0'],
  ['{"denyUsers": ["a b"]}', '1:16: "denyUsers[0]": not the name of an account'],
  ['{"name": "a\\nb"}', '1:10: "name": a name has no control characters'],
  ['{"name": "  "}', '1:10: "name": invalid length: expected >=1 but received 0'],
  ['{"denyGroups": ["a:b"]}', '1:17: "denyGroups[0]": not the name of a group'],
  [
    '{"environments": "write"}',
    '1:18: "environments": expected "list", "administer", or an object such as { "default": "list", "groups": { "staff": "administer" } }',
  ],
  [
    '{"environments": true}',
    '1:18: "environments": expected "list", "administer", or an object such as { "default": "list", "groups": { "staff": "administer" } }',
  ],
  [
    '{"environments": {"group": {}}}',
    '1:19: there is no key "group" in "environments"; did you mean "groups"?',
  ],
  ['{"enviroments": "list"}', '1:2: there is no key "enviroments"; did you mean "environments"?'],
  [
    '{"environments": {\n"default": "admin"}}',
    '2:12: "environments.default": invalid type: expected ("list" | "administer") but received "admin"',
  ],
  [
    '{"environments": {"groups": {"staff": "all"}}}',
    '1:39: "environments.groups.staff": invalid type: expected ("list" | "administer") but received "all"',
  ],
  [
    '{"environments": {"groups": {"a:b": "list"}}}',
    '1:37: "environments.groups.a:b": not the name of a group',
  ],
  ['{"announce": null}', '1:14: "announce": invalid type: expected boolean but received null'],
  [
    '{"logLevel": "loud"}',
    '1:14: "logLevel": invalid type: expected ("trace" | "debug" | "info" | "warn" | "error") but received "loud"',
  ],
  ['{"port": 1, "port": 2}', '1:13: "port" is there twice'],
  [
    '{"denyUsers": [{"a":1,"a":2}]}',
    '1:16: "denyUsers[0]": invalid type: expected string but received Object',
    '1:23: "a" is there twice',
  ],
  ['{"port": 1,}', '1:11: not JSON: there is no comma after the last entry'],
  ['{"port": 1} {}', '1:13: not JSON: there is something after the end of the configuration'],
  ['{\n  // a comment\n  "port": 1\n}', '2:3: not JSON: comments are not possible here'],
  ['{"port": 1 "announce": true}', '1:12: not JSON: a comma is missing before this'],
  ['{"port": 1', '1:11: not JSON: a closing } is missing'],
  ['{"name": "lab\n}', '1:10: not JSON: the closing quote is missing'],
  [
    '{\n  "prot": 1,\n  "allowRoot": "yes",\n  "port": -1,\n  "port": 2,\n  "listen": ["nowhere"]\n}',
    '2:3: there is no key "prot"; did you mean "port"?',
    '3:16: "allowRoot": invalid type: expected boolean but received "yes"',
    '5:3: "port" is there twice',
    '6:14: "listen[0]": give an IP address of this machine (192.168.1.7, ::1), "localhost", or "all" for every address',
  ],
];
