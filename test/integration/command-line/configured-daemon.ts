import assert from 'node:assert/strict';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { frontDoorPaths, parseSignedIn } from '../../../src/protocol/front-door';
import { parseKernelModel } from '../../../src/protocol/jupyter';
import { people, type PrivateSystem } from '../../support/private-system';
import { ask, bearer } from '../front-door/front-door-under-test';
import { startServe, type ServeProcess } from '../many-users/serve-process';

/** What a test writes into `/etc/remote-kernels/config.json`; it listens on 127.0.0.1 only. */
export async function configure(
  system: PrivateSystem,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  const configuration = { listen: ['127.0.0.1'], announce: false, ...values };
  await system.write('/etc/remote-kernels/config.json', JSON.stringify(configuration));
}

/** A `serve --json` of root that is told everything by its configuration. */
export interface ConfiguredDaemon extends ServeProcess {
  /** Resolves once it has said this, or rejects after a minute with all that it said. */
  said(words: string): Promise<void>;
}

const timeoutMs = 60_000;

/** Starts it and waits until it listens. */
export async function startConfiguredDaemon(system: PrivateSystem): Promise<ConfiguredDaemon> {
  const serve = await startServe(system);
  return {
    ...serve,
    async said(wanted) {
      const isSaid = () => (serve.words().includes(wanted) ? true : undefined);
      await until(isSaid, withDeadline(timeoutMs, `"${wanted}" from serve`)).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${serve.words()}`);
      });
    },
  };
}

/** Signs ada in at that port. Resolves with her token. */
export async function signInAsAda(port: number): Promise<string> {
  const body = JSON.stringify({ username: 'ada', answers: [people.ada] });
  const signal = withDeadline(90_000, 'the sign-in');
  const answer = await ask(port, { method: 'POST', path: frontDoorPaths.signIn, signal }, body);
  assert.equal(answer.status, 200, answer.text);
  return expectParsed(parseJson(answer.text, parseSignedIn)).token;
}

/** Signs ada in at that port and starts a kernel of hers. */
export async function workAsAda(port: number) {
  const token = await signInAsAda(port);
  const headers = { ...bearer(token), 'content-type': 'application/json' };
  const specs = await ask(port, { path: '/api/kernelspecs', headers });
  const { default: name } = JSON.parse(specs.text) as { default: string };
  const started = await ask(
    port,
    { method: 'POST', path: '/api/kernels', headers },
    JSON.stringify({ name }),
  );
  assert.equal(started.status, 201, started.text);
  return { token, headers, kernelId: expectParsed(parseJson(started.text, parseKernelModel)).id };
}
