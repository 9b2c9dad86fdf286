import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startAgent, type Answer } from './support/agent-under-test';
import { startJupyterServer } from './support/jupyter-server';

/** One request that both servers are asked; `{kernel}` and `{session}` are replaced by what each of them made before. */
interface Question {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const unknownId = '00000000-0000-4000-8000-000000000000';

/** In order: later questions use what earlier ones made. */
const questions: readonly Question[] = [
  { what: 'version', method: 'GET', path: '/api' },
  { what: 'status', method: 'GET', path: '/api/status' },
  { what: 'no kernels', method: 'GET', path: '/api/kernels' },
  { what: 'no sessions', method: 'GET', path: '/api/sessions' },
  { what: 'kernelspecs', method: 'GET', path: '/api/kernelspecs' },
  { what: 'one kernelspec', method: 'GET', path: '/api/kernelspecs/python3' },
  { what: 'a logo', method: 'GET', path: '/kernelspecs/python3/logo-svg.svg' },
  { what: 'an unknown kernelspec', method: 'GET', path: '/api/kernelspecs/nothing' },
  { what: 'a kernel', method: 'POST', path: '/api/kernels', body: { name: 'python3' } },
  { what: 'the kernel', method: 'GET', path: '/api/kernels/{kernel}' },
  { what: 'the list of kernels', method: 'GET', path: '/api/kernels' },
  { what: 'interrupt', method: 'POST', path: '/api/kernels/{kernel}/interrupt' },
  { what: 'restart', method: 'POST', path: '/api/kernels/{kernel}/restart' },
  { what: 'an unknown kernel', method: 'GET', path: `/api/kernels/${unknownId}` },
  { what: 'interrupt of an unknown kernel', method: 'POST', path: `/api/kernels/${unknownId}/interrupt` },
  { what: 'deletion of an unknown kernel', method: 'DELETE', path: `/api/kernels/${unknownId}` },
  { what: 'garbled JSON', method: 'POST', path: '/api/kernels', body: '{"name":' },
  { what: 'deletion of the kernel', method: 'DELETE', path: '/api/kernels/{kernel}' },
  { what: 'a session without a body', method: 'POST', path: '/api/sessions' },
  { what: 'a session without a path', method: 'POST', path: '/api/sessions', body: { type: 'notebook' } },
  { what: 'a session without a type', method: 'POST', path: '/api/sessions', body: { path: 'a.ipynb' } },
  {
    what: 'a session of an unknown kernelspec',
    method: 'POST',
    path: '/api/sessions',
    body: { path: 'x.ipynb', type: 'notebook', kernel: { name: 'nothing' } },
  },
  {
    what: 'a session',
    method: 'POST',
    path: '/api/sessions',
    body: { path: 'folder/a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { name: 'python3' } },
  },
  {
    what: 'the same session again',
    method: 'POST',
    path: '/api/sessions',
    body: { path: 'folder/a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { name: 'python3' } },
  },
  { what: 'the session', method: 'GET', path: '/api/sessions/{session}' },
  { what: 'the list of sessions', method: 'GET', path: '/api/sessions' },
  { what: 'a new path', method: 'PATCH', path: '/api/sessions/{session}', body: { path: 'folder/b.ipynb' } },
  {
    what: 'a console',
    method: 'PATCH',
    path: '/api/sessions/{session}',
    body: { type: 'console', name: 'c' },
  },
  {
    what: 'another kernel',
    method: 'PATCH',
    path: '/api/sessions/{session}',
    body: { kernel: { name: 'python3' } },
  },
  {
    what: 'a kernel that is not there',
    method: 'PATCH',
    path: '/api/sessions/{session}',
    body: { kernel: { id: unknownId } },
  },
  { what: 'an unknown session', method: 'GET', path: `/api/sessions/${unknownId}` },
  {
    what: 'a change of an unknown session',
    method: 'PATCH',
    path: `/api/sessions/${unknownId}`,
    body: { path: 'y' },
  },
  { what: 'deletion of an unknown session', method: 'DELETE', path: `/api/sessions/${unknownId}` },
  { what: 'deletion of the session', method: 'DELETE', path: '/api/sessions/{session}' },
  { what: 'nothing left', method: 'GET', path: '/api/kernels' },
];

/**
 * Keys that differ by nature. Ours says a code and a detail beside Jupyter's own words, for our own client; theirs says what concerns the kernel's
 * own sockets, which only a keeper reaches here.
 */
const ownKeys = new Set(['code', 'detail', 'kernel_protocol_version', 'supported_encryption']);

/** The shape of a value: keys, and values where they must be equal. */
function shapeOf(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return key === 'argv' ? 'argv' : value.map((item) => shapeOf(item));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([name]) => !ownKeys.has(name));
    return Object.fromEntries(
      entries.sort(([a], [b]) => a.localeCompare(b)).map(([name, item]) => [name, shapeOf(item, name)]),
    );
  }
  if (key === 'id' && typeof value === 'string') return /^[0-9a-f-]{36}$/.test(value) ? 'an id' : value;
  if (key === 'last_activity' || key === 'started')
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/.test(String(value)) ? 'a time' : value;
  // A kernel of ours is handed out when it answers, there when its process exists.
  if (key === 'execution_state')
    return ['starting', 'idle', 'busy'].includes(String(value)) ? 'living' : value;
  if (key === 'version') return /^2\.\d+\.\d+$/.test(String(value)) ? 'a version 2' : value;
  if (key === 'display_name') return 'a name';
  return value;
}

/** Where both say the same thing with an id in it. */
function withoutIds(text: string): string {
  return text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID');
}

test('models, status codes and error bodies are those of jupyter_server', async (t) => {
  const agent = await startAgent(t, { environments: ['jupyter'] });
  const server = await startJupyterServer(t, agent.home, agent.environment);
  for (const root of [agent.home, server.rootFolder]) await mkdir(join(root, 'folder'), { recursive: true });
  const made = { ours: { kernel: '', session: '' }, theirs: { kernel: '', session: '' } };
  const differences: string[] = [];
  for (const question of questions) {
    const ours = await agent.ask(question.method, fill(question.path, made.ours), question.body);
    const theirs = await server.ask(question.method, fill(question.path, made.theirs), question.body);
    remember(question, ours.json, made.ours);
    remember(question, theirs.json, made.theirs);
    const our = describe(question, ours, ours.headers['location']);
    const their = describe(question, theirs, theirs.headers.get('location') ?? undefined);
    if (our !== their) differences.push(`${question.what}\n  ours:   ${our}\n  theirs: ${their}`);
  }
  assert.deepEqual(differences, []);
});

function fill(path: string, made: { kernel: string; session: string }): string {
  return path.replace('{kernel}', made.kernel).replace('{session}', made.session);
}

function remember({ what }: Question, json: unknown, made: { kernel: string; session: string }): void {
  if (typeof json !== 'object' || json === null || !('id' in json)) return;
  if (what === 'a kernel') made.kernel = String(json.id);
  if (what === 'a session') made.session = String(json.id);
}

function describe(question: Question, answer: Pick<Answer, 'status' | 'json'>, location: unknown): string {
  let shape = shapeOf(answer.json);
  if (question.what === 'kernelspecs') shape = onlyPython(shape);
  const text = JSON.stringify({ status: answer.status, location: location ?? null, body: shape ?? null });
  return withoutIds(text);
}

/** Ours lists every environment beside the kernelspecs of Jupyter. */
function onlyPython(shape: unknown): unknown {
  const { default: name, kernelspecs } = shape as { default: string; kernelspecs: Record<string, unknown> };
  return { default: name, kernelspecs: { python3: kernelspecs['python3'] } };
}
