import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanEnvironment } from '../../../src/extension/transports/local/agent-command';

test('what the editor set for itself does not reach the agent, and everything of the person does', () => {
  const editor = {
    HOME: '/home/ada',
    PATH: '/usr/bin',
    EMPTY: '',
    ABSENT: undefined,
    CONDA_EXE: '/opt/conda/bin/conda',
    VSCODE_IPC_HOOK: '/run/x.sock',
    VSCODE_NLS_CONFIG: '{}',
    ELECTRON_RUN_AS_NODE: '1',
    CHROME_DESKTOP: 'code.desktop',
    NODE_OPTIONS: '--inspect',
    GIT_ASKPASS: '/usr/bin/ksshaskpass',
  };
  const own = {
    HOME: '/home/ada',
    PATH: '/usr/bin',
    EMPTY: '',
    CONDA_EXE: '/opt/conda/bin/conda',
    GIT_ASKPASS: '/usr/bin/ksshaskpass',
  };
  assert.deepEqual(cleanEnvironment(editor, false), own);
  assert.deepEqual(cleanEnvironment(editor, true), { ...own, ELECTRON_RUN_AS_NODE: '1' });
});
