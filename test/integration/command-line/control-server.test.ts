import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { withDeadline } from '../../../src/base/time';
import { serveControl } from '../../../src/daemon/command-line/control-server';
import { temporaryFolder } from '../../support/temporary-folder';

/** Requests whose target is no path of ours, and what the control socket answers. */
const cases: readonly [head: string, status: number][] = [
  ['OPTIONS * HTTP/1.1', 400],
  ['GET http://elsewhere/status HTTP/1.1', 400],
  ['GET /nothing HTTP/1.1', 404],
  ['DELETE /status HTTP/1.1', 404],
];

for (const [head, status] of cases) {
  test(`"${head}" on the control socket is answered ${status}`, async (t) => {
    const path = join(await temporaryFolder(t), 'control.sock');
    const refuse = () => {
      throw new Error('nothing may be asked of the daemon in this test');
    };
    const control = await serveControl(path, { pair: refuse, status: refuse });
    t.after(() => control.dispose());
    const socket = connect(path).setEncoding('latin1');
    t.after(() => socket.destroy());
    socket.write(`${head}\r\nHost: x\r\n\r\n`);
    const [text] = (await once(socket, 'data', { signal: withDeadline(5_000, 'the answer') })) as [string];
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
  });
}
