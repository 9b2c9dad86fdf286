import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { frontDoorLimits } from '../../../src/daemon/configuration/front-door-limits';
import { Connections, type Connection } from '../../../src/daemon/front-door/connections';

/** Room for eight strangers, four of one source. */
function connectionsOf(t: TestContext) {
  const limits = { ...frontDoorLimits, maxUnauthenticated: 8, maxUnauthenticatedPerSource: 4 };
  const connections = new Connections(limits, silentLogger);
  t.after(() => connections.destroyAll());
  let lastPort = 0;
  return (address: string) => {
    const socket = new Socket();
    const place = {
      remoteAddress: address,
      remotePort: ++lastPort,
      localAddress: '192.0.2.254',
      localPort: 7443,
    };
    for (const [name, value] of Object.entries(place)) Object.defineProperty(socket, name, { value });
    return { address, socket, connection: connections.accept(socket) };
  };
}

/** How a stranger behaves that holds room. */
type Behaviour = 'silent' | 'asking' | 'signed in';

function behave(connection: Connection | undefined, behaviour: Behaviour): void {
  assert.ok(connection, 'there is room');
  if (behaviour !== 'silent') connection.requestCame();
  if (behaviour === 'signed in') connection.signedIn();
}

/** Addresses in as many networks of 64 bits of one place. */
const networks = (start: string, count: number, behaviour: Behaviour): readonly Held[] =>
  Array.from({ length: count }, (_, index) => [
    `${start}${(index + 1).toString(16).padStart(2, '0')}::1`,
    behaviour,
  ]);

type Held = readonly [address: string, behaviour: Behaviour];

const household = '2001:db8:1:aa';
const neighbour = '2001:db8:1:bb01::1';
const elsewhere = '2001:db8:2:1::1';

const cases: readonly {
  readonly name: string;
  readonly held: readonly Held[];
  readonly newcomer: string;
  /** The address whose connection gives way; the newcomer's where it is not let in. */
  readonly closed: string;
}[] = [
  {
    name: 'a household that holds all the room from as many networks makes room for somebody elsewhere',
    held: networks(household, 8, 'asking'),
    newcomer: '192.0.2.1',
    closed: '2001:db8:1:aa01::1',
  },
  {
    name: 'a household that holds nearly all the room makes room, and not the others who are signing in',
    held: [['192.0.2.1', 'asking'], [elsewhere, 'asking'], ...networks(household, 6, 'asking')],
    newcomer: '192.0.2.2',
    closed: '2001:db8:1:aa01::1',
  },
  {
    name: 'of one site the household that holds most makes room for its neighbour',
    held: [['192.0.2.1', 'asking'], ...networks(household, 7, 'asking')],
    newcomer: neighbour,
    closed: '2001:db8:1:aa01::1',
  },
  {
    name: 'a silent one of the household gives way before the silent one of somebody who has two of one address',
    held: [['192.0.2.1', 'silent'], ['192.0.2.1', 'silent'], ...networks(household, 6, 'silent')],
    newcomer: '192.0.2.2',
    closed: '2001:db8:1:aa01::1',
  },
  {
    name: 'a further network of the household takes no room from somebody who has not asked yet',
    held: [['192.0.2.1', 'silent'], ...networks(household, 7, 'asking')],
    newcomer: '2001:db8:1:aaff::1',
    closed: '2001:db8:1:aaff::1',
  },
  {
    name: 'a further network of the household takes the room of its own silent one',
    held: [['192.0.2.1', 'silent'], ...networks(household, 6, 'asking'), ['2001:db8:1:aa99::1', 'silent']],
    newcomer: '2001:db8:1:aaff::1',
    closed: '2001:db8:1:aa99::1',
  },
  {
    name: 'nobody who is signing in gives way to another one like them',
    held: ['1', '2', '3', '4', '5', '6', '7', '8'].map((last) => [`192.0.2.${last}`, 'asking']),
    newcomer: '192.0.2.9',
    closed: '192.0.2.9',
  },
  {
    name: 'the address that has most gives way where all have asked',
    held: [
      ...['1', '2', '3', '4', '5'].map((last): Held => [`192.0.2.${last}`, 'asking']),
      ...['9', '9', '9'].map((last): Held => [`192.0.2.${last}`, 'asking']),
    ],
    newcomer: '192.0.2.6',
    closed: '192.0.2.9',
  },
  {
    name: 'who is silent gives way before who has asked, however many those are',
    held: [
      ...networks(household, 3, 'asking'),
      ...networks('2001:db8:3:cc', 4, 'asking'),
      ['192.0.2.1', 'silent'],
    ],
    newcomer: '192.0.2.2',
    closed: '192.0.2.1',
  },
  {
    name: 'one source has no more than its share, and its silent one gives way to its next',
    held: [
      ...networks(household, 2, 'asking'),
      ...['1', '2', '3'].map((): Held => ['192.0.2.1', 'asking']),
      ['192.0.2.1', 'silent'],
    ],
    newcomer: '192.0.2.1',
    closed: '192.0.2.1',
  },
];

for (const { name, held, newcomer, closed } of cases)
  test(name, (t) => {
    const connect = connectionsOf(t);
    // Who is signed in takes no room of strangers, and never gives way.
    const signedIn = networks(household, 3, 'signed in').map(([address]) => connect(address));
    for (const { connection } of signedIn) behave(connection, 'signed in');
    const strangers = held.map(([address, behaviour]) => {
      const stranger = connect(address);
      behave(stranger.connection, behaviour);
      return stranger;
    });
    const all = [...signedIn, ...strangers, connect(newcomer)];
    const destroyed = all.filter(({ socket }) => socket.destroyed);
    assert.deepEqual(
      destroyed.map(({ address }) => address),
      [closed],
    );
    assert.ok(signedIn.every(({ socket }) => !socket.destroyed));
  });

test('room that a household has left is there again for it', (t) => {
  const connect = connectionsOf(t);
  for (let round = 0; round < 3; round += 1) {
    const held = networks(household, 8, 'signed in').map(([address]) => connect(address));
    for (const { connection } of held) behave(connection, 'signed in');
  }
});
