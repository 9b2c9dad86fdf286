import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { environmentGuard } from '../../../src/daemon/agent/api/environment-guard';
import { matchRoute, type Route } from '../../../src/daemon/agent/http/router';
import { agentPaths, type EnvironmentRule } from '../../../src/protocol/agent';
import { WireError } from '../../../src/protocol/errors';

const routes: readonly Route[] = [
  { method: 'GET', path: agentPaths.hello, handle: () => undefined },
  { method: 'GET', path: agentPaths.environments, handle: () => undefined },
  { method: 'GET', path: `${agentPaths.environments}/{id}`, handle: () => undefined },
  { method: 'DELETE', path: `${agentPaths.environments}/{id}`, handle: () => undefined },
  { method: 'GET', path: agentPaths.jobs, handle: () => undefined },
  { method: 'POST', path: agentPaths.jobs, handle: () => undefined },
  { method: 'DELETE', path: `${agentPaths.jobs}/{id}`, handle: () => undefined },
  { method: 'POST', path: agentPaths.kernels, handle: () => undefined },
];

function outcome(rule: EnvironmentRule | undefined, method: string, url: string): string {
  const request = { method, url, headers: {} } as unknown as IncomingMessage;
  try {
    matchRoute(
      routes,
      request,
      environmentGuard(() => rule, 'lab-7'),
    );
    return 'passes';
  } catch (error) {
    assert.ok(error instanceof WireError);
    if (error.code === 'environments-list-only') assert.match(error.message, /administrator of lab-7/);
    return `${error.status} ${error.code}`;
  }
}

const forbidden = '403 environments-list-only';

const cases: readonly [method: string, url: string, withList: string, otherwise: string][] = [
  ['GET', agentPaths.hello, 'passes', 'passes'],
  ['GET', agentPaths.environments, 'passes', 'passes'],
  ['GET', `${agentPaths.environments}?refresh`, 'passes', 'passes'],
  ['GET', `${agentPaths.environments}/0123456789abcdef`, 'passes', 'passes'],
  ['POST', agentPaths.kernels, 'passes', 'passes'],
  ['DELETE', `${agentPaths.environments}/0123456789abcdef`, forbidden, 'passes'],
  ['POST', agentPaths.environments, forbidden, '405 method-not-allowed'],
  ['PUT', `${agentPaths.environments}/0123456789abcdef/packages`, forbidden, '404 not-found'],
  ['GET', agentPaths.jobs, forbidden, 'passes'],
  ['GET', `${agentPaths.jobs}/`, forbidden, 'passes'],
  ['POST', agentPaths.jobs, forbidden, 'passes'],
  ['DELETE', `${agentPaths.jobs}/7`, forbidden, 'passes'],
  ['GET', `${agentPaths.jobs}/7/events`, forbidden, '404 not-found'],
  ['POST', agentPaths.jobs.replace('jobs', '%6aobs'), forbidden, 'passes'],
  ['POST', `${agentPaths.base}/jobsx`, '404 not-found', '404 not-found'],
];

for (const [method, url, withList, otherwise] of cases) {
  test(`${method} ${url} with the rule list: ${withList}`, () => {
    assert.equal(outcome('list', method, url), withList);
  });
  test(`${method} ${url} without that rule: ${otherwise}`, () => {
    assert.equal(outcome('administer', method, url), otherwise);
    assert.equal(outcome(undefined, method, url), otherwise);
  });
}
