import type { KeeperOrder } from '../../protocol/keeper';

/**
 * ipykernel drops silently what it publishes while more than 1000 messages wait to be read (ZMQ's send high-water mark), the closing `idle`
 * included. Over a unix socket, which holds some 200 KiB where TCP holds megabytes, a loop of displays on a loaded machine is enough for that.
 * The mark can only be lifted from inside: by an expression that leaves nothing behind in the user's namespace or history. `23` is
 * `ZMQ_SNDHWM`; the socket belongs to the thread in which it is set.
 */
const liftHighWaterMark = [
  '(lambda thread: thread.schedule(lambda: thread.socket.setsockopt(23, 0)))',
  "(__import__('ipykernel.kernelapp', fromlist=['IPKernelApp']).IPKernelApp.instance().iopub_thread)",
].join('');

/**
 * The content of an `execute_request` that lifts the limit, for kernels of Python. In one that is not ipykernel the expression fails, which
 * is part of an ordinary reply.
 */
export function unlimitedPublishingRequest(
  order: Pick<KeeperOrder, 'language'>,
): Record<string, unknown> | undefined {
  if (order.language.toLowerCase() !== 'python') return undefined;
  return {
    code: '',
    silent: true,
    store_history: false,
    user_expressions: { publishing: liftHighWaterMark },
    allow_stdin: false,
    stop_on_error: false,
  };
}
