import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { KernelMessage } from '@jupyterlab/services';
import { until, withDeadline } from '../../../src/base/time';
import { environmentKernelspecName } from '../../../src/protocol/environments';
import { jupyterPaths } from '../../../src/protocol/jupyter';
import { preparedEnvironment } from '../../support/python-environments';
import { startAgent } from './support/agent-under-test';
import { execute, jupyterManagers, jupyterSettings } from './support/jupyter-client';
import { startJupyterServer, tcpFrontOf } from './support/jupyter-server';

const run = promisify(execFile);

test('the client of JupyterLab starts a session, executes, interrupts, restarts, renames and shuts down', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const { id } = await agent.findEnvironment('ipykernel');
  const { sessions } = jupyterManagers(t, jupyterSettings(t, agent.address.socket));
  const session = await sessions.startNew({
    path: 'folder/a.ipynb',
    name: 'a.ipynb',
    type: 'notebook',
    kernel: { name: environmentKernelspecName(id) },
  });
  const { kernel } = session;
  assert.ok(kernel);
  assert.equal(kernel.name, environmentKernelspecName(id));
  assert.deepEqual(await execute(kernel, 'print(6 * 7)'), { text: '42\n', status: 'ok' });

  // ipykernel ignores a signal that comes after its busy status and before it runs the code, so wait for the code itself.
  let isBegun = false;
  kernel.iopubMessage.connect((_sender, { header }) => {
    isBegun ||= header.msg_type === 'stream';
  });
  const sleeping = execute(kernel, 'print("begun", flush=True)\nimport time\ntime.sleep(60)');
  await until(() => (isBegun ? true : undefined), withDeadline(30_000, 'the code to begin'));
  await kernel.interrupt();
  assert.equal((await sleeping).status, 'error');

  await execute(kernel, 'kept = 1');
  await kernel.restart();
  assert.deepEqual(await execute(kernel, 'print("kept" in dir())'), { text: 'False\n', status: 'ok' });

  await session.setPath('folder/b.ipynb');
  await session.setName('b.ipynb');
  const listed = (await agent.ask('GET', jupyterPaths.sessions)).json as { path: string; name: string }[];
  assert.deepEqual(
    listed.map(({ path, name }) => [path, name]),
    [['folder/b.ipynb', 'b.ipynb']],
  );
  await session.shutdown();
  assert.equal((await agent.ask('GET', jupyterPaths.sessions)).text, '[]');
  assert.equal((await agent.ask('GET', jupyterPaths.kernels)).text, '[]');
});

test('comms carry messages and binary buffers both ways', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const { kernels } = jupyterManagers(t, jupyterSettings(t, agent.address.socket));
  const kernel = await kernels.startNew({ name: 'python3' }, { handleComms: true });
  await execute(
    kernel,
    [
      'from ipykernel.comm import Comm',
      'def opened(comm, message):',
      '    def received(message):',
      '        comm.send({"size": len(message["buffers"][0])}, buffers=[bytes(reversed(bytes(message["buffers"][0])))])',
      '    comm.on_msg(received)',
      'get_ipython().kernel.comm_manager.register_target("mirror", opened)',
    ].join('\n'),
  );
  const comm = kernel.createComm('mirror');
  const answered = new Promise<KernelMessage.ICommMsgMsg>((resolve) => (comm.onMsg = resolve));
  await comm.open({}).done;
  await comm.send({}, {}, [new Uint8Array([1, 2, 3, 255]).buffer]).done;
  const answer = await answered;
  assert.deepEqual(answer.content.data, { size: 4 });
  const [buffer] = answer.buffers ?? [];
  assert.ok(buffer);
  const bytes =
    buffer instanceof ArrayBuffer
      ? new Uint8Array(buffer)
      : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  assert.deepEqual([...bytes], [255, 3, 2, 1]);
  await kernel.shutdown();
});

test('a console beside a notebook is a second session on its kernel, and both survive the agent', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const first = (
    await agent.ask('POST', jupyterPaths.sessions, {
      path: 'a.ipynb',
      name: 'a.ipynb',
      type: 'notebook',
      kernel: { name: 'python3' },
    })
  ).json as { id: string; kernel: { id: string } };
  const second = await agent.ask('POST', jupyterPaths.sessions, {
    path: 'console-1',
    name: 'console',
    type: 'console',
    kernel: { id: first.kernel.id },
  });
  assert.equal(second.status, 201);
  process.kill(agent.address.pid, 'SIGKILL');
  await agent.restart();
  const listed = (await agent.ask('GET', jupyterPaths.sessions)).json as {
    id: string;
    path: string;
    kernel: { id: string };
  }[];
  assert.deepEqual(
    listed.map(({ path, kernel }) => [path, kernel.id]),
    [
      ['a.ipynb', first.kernel.id],
      ['console-1', first.kernel.id],
    ],
  );
  assert.equal(listed[1]?.id, (second.json as { id: string }).id);
  assert.equal((await agent.ask('DELETE', `${jupyterPaths.sessions}/${first.id}`)).status, 204);
  assert.equal((await agent.ask('GET', jupyterPaths.sessions)).text, '[]');
});

test("Python's nbclient runs a notebook through jupyter_server as a gateway client", async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const gateway = await tcpFrontOf(t, agent.address.socket);
  const { python } = await preparedEnvironment('jupyter');
  const notebook = join(agent.home, 'calculation.ipynb');
  await writeFile(
    notebook,
    JSON.stringify({
      cells: [
        codeCell('import os, sys\nprint("on the agent", os.environ["KERNEL_FLAVOUR"])'),
        codeCell('from IPython.display import display, HTML\ndisplay(HTML("<b>bold</b>"))\n6 * 7'),
        codeCell('sys.prefix'),
      ],
      metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
      nbformat: 4,
      nbformat_minor: 5,
    }),
  );
  const program = `
import asyncio, sys
import nbformat
from jupyter_server.serverapp import ServerApp
from nbclient import NotebookClient

app = ServerApp()
app.initialize(["--GatewayClient.url=${gateway}", "--ServerApp.port=0", "--ServerApp.open_browser=False",
                "--ServerApp.allow_root=True", "--ServerApp.root_dir=${agent.home}"], find_extensions=False)
notebook = nbformat.read(sys.argv[1], as_version=4)

async def main():
    manager = app.kernel_manager
    kernel_id = await manager.start_kernel(kernel_name="python3", path="")
    client = NotebookClient(notebook, km=manager.get_kernel(kernel_id), timeout=60)
    client.kc = manager.get_kernel(kernel_id).client()
    await client.kc.start_channels()
    await client.kc.wait_for_ready(timeout=60)
    for index, cell in enumerate(notebook.cells):
        await client.async_execute_cell(cell, index)
    client.kc.stop_channels()
    await manager.shutdown_kernel(kernel_id)

asyncio.run(main())
nbformat.write(notebook, sys.argv[1])
`;
  await run(python, ['-c', program, notebook], {
    env: { ...agent.environment, KERNEL_FLAVOUR: 'by the gateway' },
    timeout: 120_000,
  });
  const executed = JSON.parse(await readFile(notebook, 'utf8')) as {
    cells: { outputs: Record<string, unknown>[] }[];
  };
  const outputs = executed.cells.map((cell) => cell.outputs);
  assert.equal(String(outputs[0]?.[0]?.['text']), 'on the agent by the gateway\n');
  assert.deepEqual(
    outputs[1]?.map((output) => output['output_type']),
    ['display_data', 'execute_result'],
  );
  const { prefix } = await agent.findEnvironment('ipykernel');
  assert.equal(JSON.stringify(outputs[2]?.[0]?.['data']).includes(prefix), true);
  assert.equal((await agent.ask('GET', jupyterPaths.kernels)).text, '[]');
});

test('a browser-like client works through jupyter_server as a gateway client over HTTP', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const gateway = await tcpFrontOf(t, agent.address.socket);
  const server = await startJupyterServer(t, agent.home, agent.environment, [
    `--GatewayClient.url=${gateway}`,
  ]);
  const specs = (await server.ask('GET', '/api/kernelspecs')).json as {
    default: string;
    kernelspecs: object;
  };
  assert.equal(specs.default, 'python3');
  const { id } = await agent.findEnvironment('ipykernel');
  assert.ok(environmentKernelspecName(id) in specs.kernelspecs);
  const session = await server.ask('POST', '/api/sessions', {
    path: 'a.ipynb',
    name: 'a.ipynb',
    type: 'notebook',
    kernel: { name: environmentKernelspecName(id) },
  });
  assert.equal(session.status, 201, session.text);
  const kernelId = (session.json as { kernel: { id: string } }).kernel.id;
  assert.equal((await agent.kernel(kernelId)).kernelspecName, environmentKernelspecName(id));
  assert.equal((await server.ask('POST', `/api/kernels/${kernelId}/interrupt`, {})).status, 204);
  assert.equal((await server.ask('POST', `/api/kernels/${kernelId}/restart`, {})).status, 200);
  assert.equal((await server.ask('DELETE', `/api/kernels/${kernelId}`)).status, 204);
  assert.equal((await agent.ask('GET', jupyterPaths.kernels)).text, '[]');
});

function codeCell(source: string) {
  return {
    cell_type: 'code',
    id: Math.random().toString(36).slice(2),
    execution_count: null,
    metadata: {},
    outputs: [],
    source,
  };
}
