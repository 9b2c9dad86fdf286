import type { Logger } from '../../../base/logger';
import type { Telemetry } from '../../editor/telemetry';
import type { Hosts } from '../../hosts/host';
import type { ConnectStep } from '../../transports/transport';
import type { ProblemReport } from '../report-problem';

/** What connecting uses. */
export interface ConnectingDependencies {
  readonly hosts: Hosts;
  readonly problems: ProblemReport;
  readonly telemetry: Telemetry;
  /** A step as the middle of a sentence. */
  readonly describeStep: (step: ConnectStep) => string;
  readonly locale: string;
  readonly logger: Logger;
}
