import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  findCondaPackage,
  parseEnvironmentFolders,
  parseEnvironmentsFile,
  parseHistoryKind,
  splitFolders,
} from '../../../src/daemon/agent/environments/conda-configuration';
import { parsePackageVariables, parseState } from '../../../src/daemon/agent/environments/conda-state';
import { findInstalledPackage } from '../../../src/daemon/agent/environments/find-packages';
import { findVersionConstant, parsePatchLevel } from '../../../src/daemon/agent/environments/find-python';
import { parseUsers, ownerOf } from '../../../src/daemon/agent/environments/users';
import { parseVirtualConfiguration } from '../../../src/daemon/agent/environments/virtual-configuration';

describe('conda configuration', () => {
  test('environments.txt gives its absolute paths once and passes over everything else', () => {
    const text = '/opt/conda\r\n/home/ada/envs/my env\n\nrelative/path\n/opt/conda\n# a remark\n';
    assert.deepEqual(parseEnvironmentsFile(text), ['/opt/conda', '/home/ada/envs/my env']);
  });

  const forms: [what: string, text: string, folders: string[]][] = [
    [
      'a block list',
      'envs_dirs:\n  - /scratch/envs\n  - /data/envs\nchannels:\n  - /not/this\n',
      ['/scratch/envs', '/data/envs'],
    ],
    [
      'a list that is not indented',
      'envs_dirs:\n- /scratch/envs\n- ~/envs # mine\n',
      ['/scratch/envs', '/home/ada/envs'],
    ],
    ['a list in brackets', 'envs_dirs: [/a, "/b c", \'/d\']\n', ['/a', '/b c', '/d']],
    ['one value', 'envs_dirs: /a\n', ['/a']],
    ['the older name', 'envs_path:\n  - /old\n', ['/old']],
    [
      'variables',
      'envs_dirs:\n  - $SCRATCH/envs\n  - ${SCRATCH}/more\n  - $NOWHERE/envs\n',
      ['/scratch/ada/envs', '/scratch/ada/more'],
    ],
    [
      'remarks and blank lines between',
      'envs_dirs: # where\n\n  # first\n  - /a #!final\n\n  - /b\n',
      ['/a', '/b'],
    ],
    ['quotes inside quotes', "envs_dirs:\n  - '/it''s/here'\n", ["/it's/here"]],
    ['an empty value', 'envs_dirs:\nchannels: [conda-forge]\n', []],
    ['a list in brackets that does not end', 'envs_dirs: [/a, /b', ['/a', '/b']],
    ['no YAML at all', '\0\u{1f40d}:::\n- - -\n', []],
  ];
  for (const [what, text, folders] of forms) {
    test(`envs_dirs is read from ${what}`, () => {
      assert.deepEqual(parseEnvironmentFolders(text, '/home/ada', { SCRATCH: '/scratch/ada' }), folders);
    });
  }

  test('CONDA_ENVS_PATH is split at colons', () => {
    assert.deepEqual(splitFolders('/a:~/b: :relative', '/home/ada', {}), ['/a', '/home/ada/b']);
    assert.deepEqual(splitFolders(undefined, '/home/ada', {}), []);
  });

  const histories: [string, string | undefined][] = [
    ['# cmd: /opt/conda/bin/conda create -n x python', 'conda'],
    ['# cmd: /home/ada/mambaforge/bin/mamba create -n x', 'mamba'],
    ['# cmd: /home/ada/.local/bin/micromamba create -n x', 'micromamba'],
    ['# cmd: C:\\conda\\Scripts\\conda-script.py', undefined],
    ['# cmd: /home/ada/my tools/bin/conda create', 'conda'],
    ['# cmd: constructor --output x', undefined],
    ['', undefined],
  ];
  for (const [line, kind] of histories) {
    test(`the tool of the history line ${JSON.stringify(line)} is ${kind ?? 'unknown'}`, () => {
      assert.equal(parseHistoryKind(`==> 2026 <==\n${line}\n# conda version: 24.7.1\n`), kind);
    });
  }

  test('the version of a package comes from the name of its own record only', () => {
    const names = [
      'ipykernel-6.29.5-pyh3099207_0.json',
      'python-3.11.7-hab00c5b_1_cpython.json',
      'python-dateutil-2.9.0-py_0.json',
      'history',
    ];
    assert.equal(findCondaPackage(names, 'ipykernel'), '6.29.5');
    assert.equal(findCondaPackage(names, 'python'), '3.11.7');
    assert.equal(findCondaPackage(['python-dateutil-2.9.0-py_0.json'], 'python'), undefined);
    assert.equal(findCondaPackage([], 'python'), undefined);
  });

  test('variables of an environment are read from its state file, without those taken away', () => {
    const state = {
      version: 1,
      env_vars: { DATA: '/data', GONE: '***unset***', 'BAD NAME': 'x', NUMBER: 3 },
    };
    assert.deepEqual(parseState(JSON.stringify(state)), { DATA: '/data' });
    assert.deepEqual(parseState('{ damaged'), {});
    assert.deepEqual(parseState('[]'), {});
    assert.deepEqual(parsePackageVariables('{"GDAL_DATA":"/x"}'), { GDAL_DATA: '/x' });
  });
});

describe('pyvenv.cfg', () => {
  const cases: [
    what: string,
    text: string,
    kind: string,
    version: string | undefined,
    prompt: string | undefined,
  ][] = [
    [
      'venv',
      'home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n',
      'venv',
      '3.11.2',
      undefined,
    ],
    ['venv with a prompt', "version = 3.12.1\nprompt = 'my project'\n", 'venv', '3.12.1', 'my project'],
    [
      'virtualenv',
      'home = /usr/bin\nvirtualenv = 20.26.6\nversion_info = 3.11.2.final.0\n',
      'virtualenv',
      '3.11.2',
      undefined,
    ],
    [
      'virtualenv of a release candidate',
      'virtualenv = 20.30\nversion_info = 3.14.0.candidate.2\n',
      'virtualenv',
      '3.14.0rc2',
      undefined,
    ],
    [
      'uv',
      'home = /usr/bin\nimplementation = CPython\nuv = 0.8.13\nversion_info = 3.11.2\nprompt = lab\n',
      'uv',
      '3.11.2',
      'lab',
    ],
    ['keys in capitals, Windows line ends', 'HOME = /x\r\nVersion = 3.10.1\r\n', 'venv', '3.10.1', undefined],
    ['an empty file', '', 'venv', undefined, undefined],
    ['rubbish', 'no equals sign\n= =\n\0', 'venv', undefined, undefined],
  ];
  for (const [what, text, kind, version, prompt] of cases) {
    test(`of ${what} gives kind, version and prompt`, () => {
      const { kind: foundKind, pythonVersion, prompt: foundPrompt } = parseVirtualConfiguration(text);
      assert.deepEqual([foundKind, pythonVersion, foundPrompt], [kind, version, prompt]);
    });
  }

  test('system packages count only where it says so', () => {
    assert.equal(parseVirtualConfiguration('include-system-site-packages = True').usesSystemPackages, true);
    assert.equal(parseVirtualConfiguration('include-system-site-packages = false').usesSystemPackages, false);
  });
});

describe('packages and versions', () => {
  const cases: [name: string, wanted: string, version: string | undefined][] = [
    ['ipykernel-6.29.5.dist-info', 'ipykernel', '6.29.5'],
    ['ipykernel-6.17.0.egg-info', 'ipykernel', '6.17.0'],
    ['ipykernel-6.17.0-py3.11.egg-info', 'ipykernel', '6.17.0'],
    ['spyder_kernels-3.0.3.dist-info', 'spyder-kernels', '3.0.3'],
    ['Spyder.Kernels-3.1.0rc1.dist-info', 'spyder-kernels', '3.1.0rc1'],
    ['ipykernel_launcher-1.0.dist-info', 'ipykernel', undefined],
    ['~pykernel-6.29.5.dist-info', 'ipykernel', undefined],
    ['ipykernel', 'ipykernel', undefined],
  ];
  for (const [name, wanted, version] of cases) {
    test(`${name} ${version === undefined ? 'is no' : 'is a'} ${wanted}`, () => {
      assert.equal(findInstalledPackage([name], wanted), version);
    });
  }

  test('the whole version of a Python is in its header', () => {
    assert.equal(
      parsePatchLevel('#define PY_MAJOR_VERSION 3\n#define PY_VERSION      \t"3.11.7+"\n'),
      '3.11.7',
    );
    assert.equal(parsePatchLevel('#define PY_VERSION "3.14.0rc2"\n'), '3.14.0rc2');
    assert.equal(parsePatchLevel('nothing'), undefined);
  });

  test('the whole version of a Python is a constant in its program', () => {
    const program = Buffer.from('\x7fELF\0 3.11.9 \x003.11.tmp\0junk\x003.11.2\0more', 'latin1');
    assert.equal(findVersionConstant(program, '3.11'), '3.11.2');
    assert.equal(findVersionConstant(program, '3.12'), undefined);
    assert.equal(findVersionConstant(Buffer.alloc(0), '3.11'), undefined);
  });
});

describe('owners', () => {
  const users = parseUsers(
    'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbroken\nbob:x:1001:1:::\nsecond:x:1000:1:::\n',
  );
  const ada = { uid: 1000, userName: (uid: number) => users.get(uid) };
  const cases: [what: string, uids: number[], owner: object][] = [
    ['all her own', [1000, 1000], { owner: 'self', ownerName: 'ada' }],
    ['her own with the system’s Python', [1000, 0], { owner: 'self', ownerName: 'ada' }],
    ['the system’s', [0, 0], { owner: 'root', ownerName: 'root' }],
    ['another’s', [1001, 1001], { owner: 'other', ownerName: 'bob' }],
    ['her own with another’s Python', [1000, 1001], { owner: 'other', ownerName: 'bob' }],
    ['a user’s of a directory service', [70_000], { owner: 'other', ownerName: 'user 70000' }],
  ];
  for (const [what, uids, owner] of cases) {
    test(`an environment that is ${what} is shown as such`, () => {
      assert.deepEqual(ownerOf(uids, ada), owner);
    });
  }
});
