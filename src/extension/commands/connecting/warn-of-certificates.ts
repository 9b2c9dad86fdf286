import type { Disposable } from '../../../base/disposable';
import type { Hosts } from '../../hosts/host';
import { concernOf, type CertificateConcern } from '../../transports/certificate-end';
import type { ProblemReport } from '../report-problem';

/** What the warnings are made with. */
export interface CertificateWarningOptions {
  readonly hosts: Hosts;
  readonly problems: Pick<ProblemReport, 'show'>;
  /** The concern as a sentence for people. */
  readonly describe: (concern: CertificateConcern, hostName: string) => string;
  readonly now: () => number;
}

/**
 * Warns once in this window of each connected host whose certificate is about to keep people out. What ends without that effect is in the host's
 * tooltip and in the log. The caller disposes it.
 */
export function warnOfCertificates({
  hosts,
  problems,
  describe,
  now,
}: CertificateWarningOptions): Disposable {
  const warned = new Set<string>();
  const look = () => {
    for (const { id, name, state, certificate } of hosts.all) {
      if (state.kind !== 'connected' || warned.has(id)) continue;
      const concern = concernOf(certificate, now());
      if (concern?.keepsPeopleOut !== true) continue;
      warned.add(id);
      void problems.show({ severity: 'warning', message: describe(concern, name), remedies: [] });
    }
  };
  look();
  return hosts.onDidChange(look);
}
