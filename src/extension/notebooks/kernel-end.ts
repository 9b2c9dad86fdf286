import { isAbortError, toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { until, withDeadline } from '../../base/time';
import type { KernelDetails } from '../../protocol/kernels';
import type { RemoteAgent } from '../remote/remote-agent';

/** The kernel's own last word can be here before its agent has learned how it ended. */
const learnTimeoutMs = 3000;

/**
 * How a kernel ended, which the host may have to learn first. Gives what was known before when the host cannot say more in time, and
 * `undefined` when it says that there is no such kernel. Never rejects.
 */
export async function readKernelEnd(
  agent: Pick<RemoteAgent, 'findKernel'>,
  kernelId: string,
  known: KernelDetails | undefined,
  logger: Logger,
): Promise<KernelDetails | undefined> {
  if (known === undefined || known.exit !== undefined) return known;
  const signal = withDeadline(learnTimeoutMs, 'how the kernel ended');
  try {
    const answer = await until(
      async () => {
        const details = await agent.findKernel(kernelId, signal);
        return details === undefined || details.exit !== undefined ? { details } : undefined;
      },
      signal,
      100,
    );
    return answer.details;
  } catch (error) {
    if (!isAbortError(error)) logger.debug(`how kernel ${kernelId} ended: ${toError(error).message}`);
    return known;
  }
}
