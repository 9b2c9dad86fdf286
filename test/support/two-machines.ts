import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The network of another machine, on one cable with the network in which the test runs. */
export interface OtherMachine {
  /** Its name, as `ip netns` knows it. */
  readonly networkNamespace: string;
  readonly address: string;
}

/**
 * Makes a network namespace and connects it by a bridge with the network of this process, which is that of the editor. Multicast goes through,
 * so that what is announced on one side is heard on the other; neither reaches anything else through it. Needs root and `ip`; removed after the
 * test.
 */
export async function connectOtherMachine(t: Pick<TestContext, 'after'>): Promise<OtherMachine> {
  const networkNamespace = `rkh${process.pid}`;
  const bridge = `rkb${process.pid}`;
  const cable = `rkv${process.pid}`;
  const range = '10.231.8.0/24';
  const ip = (words: string) => run('ip', words.split(' '));
  t.after(async () => {
    for (const words of [
      `netns del ${networkNamespace}`,
      `link del ${bridge}`,
      `route del unreachable ${range} metric 9000`,
    ])
      // After a set-up that failed there may be nothing to remove.
      await ip(words).catch(() => undefined);
  });
  // First, so that a connection to the other machine can never leave this one, whatever of the rest is there.
  await ip(`route add unreachable ${range} metric 9000`);
  await ip(`netns add ${networkNamespace}`);
  await ip(`-n ${networkNamespace} link set lo up`);
  await ip(`link add ${bridge} type bridge mcast_snooping 0`);
  await ip(`link add eth7 netns ${networkNamespace} type veth peer name ${cable}`);
  await ip(`link set ${cable} master ${bridge} up`);
  await ip(`addr add 10.231.8.2/24 dev ${bridge}`);
  await ip(`addr add fd31:8::2/64 dev ${bridge} nodad`);
  await ip(`link set ${bridge} up`);
  await ip(`-n ${networkNamespace} addr add 10.231.8.1/24 dev eth7`);
  await ip(`-n ${networkNamespace} addr add fd31:8::1/64 dev eth7 nodad`);
  await ip(`-n ${networkNamespace} link set eth7 up`);
  await ip(`-n ${networkNamespace} route add 224.0.0.0/4 dev eth7`);
  return { networkNamespace, address: '10.231.8.1' };
}
