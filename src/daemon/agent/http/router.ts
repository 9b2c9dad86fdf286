import type { IncomingMessage, ServerResponse } from 'node:http';
import { WireError } from '../../../protocol/errors';
import type { Hello } from '../../../protocol/agent';
import { readSegments, readTarget } from '../../platform/http';

/** One request with what was read from it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The values of the `{name}` parts of the route's path, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The way by which the request came. */
  readonly entrance: Entrance;
  /** Aborts when the client goes away before the answer is complete. */
  readonly signal: AbortSignal;
}

/** A socket on which the agent listens: its private one, or a door. */
export interface Entrance {
  readonly kind: 'private' | 'door';
  /** Of a door: which front door leads to it. */
  readonly frontDoor?: NonNullable<Hello['frontDoor']>;
}

/** A request is answered by its route's handler; what it throws becomes an error answer in the shape of its part of the API. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Such as `/api/kernels/{id}`; a part in braces takes one segment. */
  readonly path: string;
  readonly handle: (exchange: Exchange) => Promise<void> | void;
}

/** What a request's address leads to. */
export interface RouteMatch {
  readonly handle: Route['handle'];
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** Refuses what a request asks for by throwing a {@link WireError}; given its method and the decoded parts of its path. */
export type RouteGuard = (method: string, segments: readonly string[]) => void;

/**
 * Finds the route of a request that the guard lets pass, whether or not there is a route. Throws what the guard throws, or {@link WireError}
 * `not-found` or `method-not-allowed`.
 */
export function matchRoute(
  routes: readonly Route[],
  request: IncomingMessage,
  guard?: RouteGuard,
): RouteMatch {
  const { path, query } = readTarget(request);
  const segments = readSegments(path);
  if (segments.length > 1 && segments.at(-1) === '') segments.pop();
  guard?.(request.method ?? '', segments);
  const allowed: string[] = [];
  for (const route of routes) {
    const parameters = matchPath(route.path, segments);
    if (parameters === undefined) continue;
    if (route.method === request.method) return { handle: route.handle, parameters, query };
    allowed.push(route.method);
  }
  if (allowed.length > 0) throw new WireError('method-not-allowed', 'Method Not Allowed');
  throw new WireError('not-found', 'Not Found');
}

function matchPath(pattern: string, segments: readonly string[]): Record<string, string> | undefined {
  const parts = pattern.split('/').slice(1);
  if (parts.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== segment) return undefined;
    } else if (segment === '') return undefined;
    else parameters[name] = segment;
  }
  return parameters;
}

/** The value of a parameter that the route's path has. */
export function parameter(exchange: Exchange, name: string): string {
  const value = exchange.parameters[name];
  if (value === undefined) throw new Error(`this route has no parameter ${name}`);
  return value;
}
