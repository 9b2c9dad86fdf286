import * as v from 'valibot';
import { logLevels } from '../../base/logger';

/**
 * What agents are told, by the administrator for everybody and by each user. Every key has a default, and an unknown one is an error. `description`
 * becomes part of the JSON schema that ships.
 */
export const agentConfigurationSchema = v.strictObject({
  maxKernels: v.pipe(
    v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000))),
    v.description(
      'How many kernels a user can have at the same time; dead ones do not count. Of several limits the lowest counts. Default: no limit.',
    ),
  ),
  agentGraceSeconds: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0.05), v.maxValue(31_536_000)), 600),
    v.description(
      'How long the agent stays after the last use. Kernels stay in any case. Default 600, ten minutes.',
    ),
  ),
  kernelStartSeconds: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(3600)), 60),
    v.description('How long a kernel may take until it answers. Default 60.'),
  ),
  clientVariables: v.pipe(
    v.optional(
      v.pipe(v.array(v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not the name of a variable')))),
      [],
    ),
    v.description(
      'Environment variables that a Jupyter client may set for its kernel besides those named KERNEL_…. Default: none.',
    ),
  ),
  logLevel: v.pipe(
    v.optional(v.picklist(logLevels), 'info'),
    v.description("How much is written to the agent's log. Default info."),
  ),
});
