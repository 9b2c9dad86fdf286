import assert from 'node:assert/strict';
import test from 'node:test';
import { planListeners } from '../../../src/daemon/front-door/listen-plan';

/** What listens, as address and port, what is wanted, and the plan. */
interface Case {
  readonly does: string;
  readonly present: readonly string[];
  readonly wanted: readonly string[];
  readonly port: number;
  readonly stay?: readonly string[];
  readonly beside?: readonly string[];
  readonly inTheWay?: readonly string[];
  readonly instead?: readonly string[];
  readonly last?: readonly string[];
}

const everywhere = ['0.0.0.0', '::'];

const cases: readonly Case[] = [
  { does: 'the first addresses are opened', present: [], wanted: everywhere, port: 7443, beside: everywhere },
  {
    does: 'what listens already stays',
    present: ['0.0.0.0 7443', ':: 7443'],
    wanted: everywhere,
    port: 7443,
    stay: ['0.0.0.0 7443', ':: 7443'],
  },
  {
    does: 'another port is opened before the one before is closed',
    present: ['0.0.0.0 7443', ':: 7443'],
    wanted: everywhere,
    port: 7444,
    beside: everywhere,
    last: ['0.0.0.0 7443', ':: 7443'],
  },
  {
    does: 'an address of all makes place for one of them, in its own family only',
    present: ['0.0.0.0 7443', ':: 7443'],
    wanted: ['127.0.0.1'],
    port: 7443,
    inTheWay: ['0.0.0.0 7443'],
    instead: ['127.0.0.1'],
    last: [':: 7443'],
  },
  {
    does: 'addresses make place for all of their family, and the other family is opened beside them',
    present: ['127.0.0.1 7443', '10.0.0.7 7443'],
    wanted: everywhere,
    port: 7443,
    inTheWay: ['127.0.0.1 7443', '10.0.0.7 7443'],
    instead: ['0.0.0.0'],
    beside: ['::'],
  },
  {
    does: 'the same addresses on another port are in nobody’s way',
    present: ['0.0.0.0 7443'],
    wanted: ['127.0.0.1'],
    port: 7444,
    beside: ['127.0.0.1'],
    last: ['0.0.0.0 7443'],
  },
  {
    does: 'one address more leaves the others alone',
    present: ['127.0.0.1 7443'],
    wanted: ['127.0.0.1', '10.0.0.7'],
    port: 7443,
    stay: ['127.0.0.1 7443'],
    beside: ['10.0.0.7'],
  },
  {
    does: 'one address instead of another of its family is opened beside it',
    present: ['127.0.0.1 7443'],
    wanted: ['10.0.0.7'],
    port: 7443,
    beside: ['10.0.0.7'],
    last: ['127.0.0.1 7443'],
  },
  {
    does: 'an address that is wanted beside all of its family, or twice, is left out',
    present: [],
    wanted: ['127.0.0.1', '0.0.0.0', '::1', '127.0.0.1', '::1', '0.0.0.0'],
    port: 7443,
    beside: ['0.0.0.0', '::1'],
  },
  {
    does: 'the spelling of an address does not matter, and its interface does',
    present: ['::1 7443', 'fe80::1%eth0 7443', 'fe80::1%eth1 7443'],
    wanted: ['0:0:0:0:0:0:0:1', 'FE80::1%eth0'],
    port: 7443,
    stay: ['::1 7443', 'fe80::1%eth0 7443'],
    last: ['fe80::1%eth1 7443'],
  },
  {
    does: 'any free port is another one',
    present: ['127.0.0.1 7443'],
    wanted: ['127.0.0.1'],
    port: 0,
    beside: ['127.0.0.1'],
    last: ['127.0.0.1 7443'],
  },
];

for (const { does, present, wanted, port, ...expected } of cases)
  test(`where a front door listens: ${does}`, () => {
    const bound = present.map((words) => {
      const [host = '', number] = words.split(' ');
      return { host, port: Number(number) };
    });
    const addresses = wanted.map((host) => ({ host, isOptional: false }));
    const { stay, beside, inTheWay, instead, last } = planListeners(bound, addresses, port);
    const ofBound = (some: typeof stay) => some.map((one) => `${one.host} ${one.port}`);
    const ofWanted = (some: typeof beside) => some.map(({ host }) => host);
    assert.deepEqual(
      {
        stay: ofBound(stay),
        beside: ofWanted(beside),
        inTheWay: ofBound(inTheWay),
        instead: ofWanted(instead),
        last: ofBound(last),
      },
      { stay: [], beside: [], inTheWay: [], instead: [], last: [], ...expected },
    );
  });
