import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warnOfCertificates } from '../../../src/extension/commands/connecting/warn-of-certificates';
import type { Host, Hosts } from '../../../src/extension/hosts/host';
import { concernOf, describeConcern } from '../../../src/extension/transports/certificate-end';
import type { PresentedCertificate } from '../../../src/extension/transports/transport';
import { certificateWords } from '../../../src/extension/views/words';
import { Emitter } from '../../../src/base/event';

const now = Date.UTC(2026, 2, 3);
const dayMs = 24 * 60 * 60 * 1000;
const moment = { now, locale: 'en', timeZone: 'UTC' };

const certificate = (days: number, isSelfSigned: boolean, isReliedOn: boolean): PresentedCertificate => ({
  endsAt: now + days * dayMs,
  isSelfSigned,
  isReliedOn,
});

const cases: readonly [
  what: string,
  certificate: PresentedCertificate | undefined,
  words: string | undefined,
][] = [
  ['none', undefined, undefined],
  ['relied on, 31 days left', certificate(31, false, true), undefined],
  [
    'relied on, 30 days left',
    certificate(30, false, true),
    'The certificate of lab-7 ends on April 2, 2026; its administrator can renew it. Without that you cannot connect any more as before.',
  ],
  [
    'signed by an authority, its key accepted, a day left',
    certificate(1, false, false),
    'The certificate of lab-7 ends on March 4, 2026; its administrator can renew it.',
  ],
  [
    'ended, its key accepted',
    certificate(-1, false, false),
    'The certificate of lab-7 ended on March 2, 2026; its administrator can renew it. You have accepted its key, so you can connect all the same.',
  ],
  [
    'relied on, ended while it is used',
    certificate(-1, false, true),
    'The certificate of lab-7 ended on March 2, 2026; its administrator can renew it. Without that you are asked about its key at the next connection.',
  ],
  ['of a date that nobody can read', certificate(NaN, false, true), undefined],
  ['of a date beyond all calendars', certificate(-1e12, false, true), undefined],
  ['self-signed, a day left, which its daemon renews', certificate(1, true, false), undefined],
  [
    'self-signed and ended',
    certificate(-1, true, false),
    'The certificate of lab-7 ended on March 2, 2026; its administrator can renew it. You have accepted its key, so you can connect all the same.',
  ],
];

for (const [what, shown, words] of cases) {
  test(`a certificate (${what}) is ${words === undefined ? 'not worth a word' : 'described'}`, () => {
    const concern = concernOf(shown, now);
    assert.equal(concern === undefined ? undefined : certificateWords(concern, 'lab-7', moment), words);
    if (concern !== undefined) assert.match(describeConcern(concern), /2026-0[34]-0\d.*certificate use/);
  });
}

function hostsOf(states: { state: string; certificate: PresentedCertificate | undefined }[]) {
  const changed = new Emitter<void>();
  const all = states.map(({ state, certificate: shown }, index) => ({
    id: `h${index}`,
    name: `lab-${index}`,
    state: { kind: state },
    certificate: shown,
  })) as unknown as Host[];
  return { hosts: { all, onDidChange: changed.event } as unknown as Hosts, all, changed };
}

test('a window warns once of each host whose certificate will keep people out, and of no other', () => {
  const ending = certificate(3, false, true);
  const { hosts, all, changed } = hostsOf([
    { state: 'connected', certificate: ending },
    { state: 'connected', certificate: certificate(3, false, false) },
    { state: 'connected', certificate: certificate(90, false, true) },
    { state: 'waiting', certificate: ending },
    { state: 'connected', certificate: undefined },
  ]);
  const shown: string[] = [];
  const warnings = warnOfCertificates({
    hosts,
    problems: {
      show: ({ severity, message }) => {
        shown.push(`${severity}: ${message}`);
        return Promise.resolve();
      },
    },
    describe: (concern, name) => `${name} ${concern.endsAt - now}`,
    now: () => now,
  });
  assert.deepEqual(shown, [`warning: lab-0 ${3 * dayMs}`]);
  changed.fire();
  Object.assign(all[3] ?? {}, { state: { kind: 'connected' } });
  changed.fire();
  changed.fire();
  assert.deepEqual(shown.length, 2);
  assert.match(shown[1] ?? '', /lab-3/);
  warnings.dispose();
  Object.assign(all[2] ?? {}, { certificate: ending });
  changed.fire();
  assert.equal(shown.length, 2);
});
