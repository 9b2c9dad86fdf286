import type { TypedHost } from '../hosts/host';
import { CommandProblem } from './problem';

/** A typed host that can be connected to, or a problem that says what is wrong with it. */
export function parseConnectTarget(reading: TypedHost): Exclude<TypedHost, { kind: 'invalid' }> {
  if (reading.kind !== 'invalid') return reading;
  throw new CommandProblem({ severity: 'warning', message: reading.message, remedies: [] });
}
