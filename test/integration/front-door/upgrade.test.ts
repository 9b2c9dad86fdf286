import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import test, { type TestContext } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import { until, withDeadline } from '../../../src/base/time';
import { headers } from '../../../src/protocol/agent';
import { bearer, frontDoorUnderTest, rawConnection, readToEnd } from './front-door-under-test';

const sixtyFourMebibytes = 64 * 1024 * 1024;

/** A front door before an agent that echoes what comes on its WebSockets. */
async function echoing(t: TestContext) {
  const upgrades: IncomingMessage[] = [];
  const agentSockets: WebSocket[] = [];
  const door = await frontDoorUnderTest(t, {
    onAgentServer: (server) => {
      const sockets = new WebSocketServer({
        noServer: true,
        maxPayload: 2 * sixtyFourMebibytes,
        handleProtocols: (offered) => (offered.has('v1.kernel') ? 'v1.kernel' : false),
      });
      t.after(() => {
        for (const socket of sockets.clients) socket.terminate();
      });
      server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        upgrades.push(request);
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          agentSockets.push(webSocket);
          webSocket.on('message', (data, isBinary) => webSocket.send(data as Buffer, { binary: isBinary }));
        });
      });
    },
  });
  const { token } = await door.signIn();
  const openWebSocket = (protocols: string[] = []) =>
    new WebSocket(`wss://127.0.0.1:${door.port}/api/kernels/x/channels?session_id=1`, protocols, {
      rejectUnauthorized: false,
      headers: bearer(token),
      maxPayload: 2 * sixtyFourMebibytes,
    });
  return { door, token, upgrades, agentSockets, openWebSocket };
}

test('a WebSocket passes with its subprotocol, in both directions, text and binary', async (t) => {
  const { upgrades, openWebSocket, door, token } = await echoing(t);
  const socket = openWebSocket(['v1.kernel', 'other']);
  await once(socket, 'open');
  assert.equal(socket.protocol, 'v1.kernel');
  for (const message of ['text ü', Buffer.from([0, 255, 13, 10])]) {
    socket.send(message);
    const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
    assert.equal(isBinary, typeof message !== 'string');
    assert.deepEqual(data, Buffer.from(message));
  }
  const [request] = upgrades;
  assert.equal(request?.url, '/api/kernels/x/channels?session_id=1');
  assert.equal(request.headers[headers.doorKey], door.doorKeys[0]);
  assert.equal(request.headers.authorization, undefined);
  assert.ok(!request.rawHeaders.join('\n').includes(token));
  socket.close(4001, 'done');
  const [code] = (await once(socket, 'close')) as [number];
  assert.equal(code, 4001);
});

test('64 MiB in one message go each way', async (t) => {
  const { openWebSocket } = await echoing(t);
  const socket = openWebSocket();
  await once(socket, 'open');
  const sent = Buffer.alloc(sixtyFourMebibytes, 'remote kernels ');
  socket.send(sent);
  const [received] = (await once(socket, 'message')) as [Buffer];
  assert.ok(sent.equals(received));
  socket.terminate();
});

test('small messages are not held back to be sent together', async (t) => {
  const { openWebSocket } = await echoing(t);
  const socket = openWebSocket();
  await once(socket, 'open');
  const timesMs: number[] = [];
  for (let count = 0; count < 100; count += 1) {
    const startMs = performance.now();
    socket.send('x');
    await once(socket, 'message');
    timesMs.push(performance.now() - startMs);
  }
  timesMs.sort((one, other) => one - other);
  // Nagle's algorithm with delayed acknowledgements would make it 40.
  assert.ok((timesMs[50] ?? 100) < 20, `median ${timesMs[50] ?? 0} ms`);
  socket.terminate();
});

test('an end of either side reaches the other', async (t) => {
  const { openWebSocket, door, agentSockets } = await echoing(t);
  const first = openWebSocket();
  await once(first, 'open');
  const closedAtAgent = once(agentSockets[0] ?? first, 'close');
  first.terminate();
  await closedAtAgent;
  const second = openWebSocket();
  await once(second, 'open');
  const closedAtClient = once(second, 'close');
  await door.stopAgent();
  await closedAtClient;
});

test('an upgrade in the middle of other requests ends the connection', async (t) => {
  const { door, token, upgrades } = await echoing(t);
  const socket = await rawConnection(door.port);
  const text = readToEnd(socket);
  socket.write(
    `POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{"code":"0000-0000"}${upgradeRequest(token)}`,
  );
  assert.equal(await text, '');
  assert.equal(upgrades.length, 0);
});

test('bytes that come with the upgrade request reach the agent', async (t) => {
  let received = '';
  const door = await frontDoorUnderTest(t, {
    onAgentServer: (server: Server) =>
      server.on('upgrade', (_request: IncomingMessage, socket: Duplex, head: Buffer) => {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-A: b\r\n\r\nfirst',
        );
        received += head.toString();
        socket.on('data', (chunk: Buffer) => {
          received += chunk.toString();
          if (received === 'early late') socket.end('last');
        });
      }),
  });
  const { token } = await door.signIn();
  const socket = await rawConnection(door.port);
  const text = readToEnd(socket);
  socket.write(`${upgradeRequest(token)}early `);
  await once(socket, 'data');
  socket.write('late');
  assert.equal(
    await text,
    'HTTP/1.1 101 Switching Protocols\r\nX-A: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirstlast',
  );
});

test('without a 101 nothing becomes a pipe: the answer is an answer, and what follows it is not passed on', async (t) => {
  const requests: string[] = [];
  const door = await frontDoorUnderTest(t, {
    onAgentServer: (server) =>
      server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
        requests.push(request.url ?? '');
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nno kernel');
      }),
    agent: (request, response) => {
      requests.push(`smuggled ${request.url ?? ''}`);
      response.end();
    },
  });
  const { token } = await door.signIn();
  const socket = await rawConnection(door.port);
  const text = readToEnd(socket);
  socket.write(`${upgradeRequest(token)}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(await text, /^HTTP\/1\.1 404 Not Found\r\n[\s\S]*no kernel$/);
  assert.deepEqual(requests, ['/api/kernels/x/channels']);
});

for (const [what, change] of [
  ['another protocol', (text: string) => text.replace('websocket', 'h2c')],
  ['a body', (text: string) => text.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\nhello')],
] as const) {
  test(`an upgrade with ${what} is refused`, async (t) => {
    const { door, token } = await echoing(t);
    const socket = await rawConnection(door.port);
    const text = readToEnd(socket);
    socket.write(change(upgradeRequest(token)));
    assert.match(await text, /^HTTP\/1\.1 400 /);
  });
}

test('an upgrade without a token is unauthorized and does not reach the agent', async (t) => {
  const { door, upgrades } = await echoing(t);
  const socket = await rawConnection(door.port);
  const text = readToEnd(socket);
  socket.write(upgradeRequest('A'.repeat(43)));
  assert.match(await text, /^HTTP\/1\.1 401 [\s\S]*"code":"unauthorized"/);
  assert.equal(upgrades.length, 0);
});

test('a WebSocket to an agent that has gone gets one that was started again', async (t) => {
  const { door, openWebSocket } = await echoing(t);
  await door.stopAgent();
  const socket = openWebSocket();
  await once(socket, 'open');
  assert.equal(door.agentStarts(), 2);
  socket.terminate();
});

test('signing out closes the WebSocket', async (t) => {
  const { door, openWebSocket, token } = await echoing(t);
  const socket = openWebSocket();
  await once(socket, 'open');
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  const raw = await rawConnection(door.port);
  raw.write(
    `POST /sign-out HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\n\r\n`,
  );
  await closed;
});

function upgradeRequest(token: string): string {
  return [
    'GET /api/kernels/x/channels HTTP/1.1',
    'Host: x',
    `Authorization: Bearer ${token}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '',
    '',
  ].join('\r\n');
}

for (const [what, isSilent] of [
  ['goes on sending', false],
  ['says nothing any more', true],
] as const) {
  test(`a client that ${what} after the agent has ended its WebSocket leaves nothing open`, async (t) => {
    const agentSockets: Duplex[] = [];
    const door = await frontDoorUnderTest(t, {
      limits: { agentAnswerTimeoutMs: isSilent ? 3_000 : 60_000 },
      onAgentServer: (server) => {
        server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
          agentSockets.push(socket);
          socket.on('error', () => socket.destroy());
          socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
          );
        });
      },
    });
    const { token } = await door.signIn();
    // Of tls.connect in Node, and not among its types.
    const halfOpen: ConnectionOptions & { readonly allowHalfOpen: boolean } = { allowHalfOpen: true };
    const client = await rawConnection(door.port, halfOpen);
    t.after(() => client.destroy());
    client.write(
      `GET /api/kernels/x/channels HTTP/1.1\r\nHost: lab-7\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await once(client, 'data');
    const [agent] = agentSockets;
    assert.ok(agent !== undefined);
    client.resume();
    // Ended, not reset; what comes after that finds nobody.
    agent.end(() => agent.destroy());
    await once(client, 'end');
    await until(
      () => {
        if (!isSilent && client.writable) client.write('more');
        return door.frontDoor.countConnections().all === 0 ? true : undefined;
      },
      withDeadline(30_000, 'the end of the connection'),
    );
  });
}
