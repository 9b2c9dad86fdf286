import { t } from '@vscode/l10n';
import { WireError } from '../../protocol/errors';
import { ConnectionError } from '../transports/transport';
import { describeConnection } from './connection-problems';
import {
  CommandProblem,
  errorOf,
  hostName,
  reconnect,
  showLog,
  type Problem,
  type ProblemPlace,
} from './problem';
import { describeRefusal } from './refusal-problems';

/** What to tell a person about whatever was thrown; `undefined` when there is nothing to tell, because they ended it themselves. */
export function describeProblem(error: unknown, place: ProblemPlace): Problem | undefined {
  if (error instanceof CommandProblem) return error.problem;
  if (error instanceof ConnectionError) return describeConnection(error, place);
  if (error instanceof WireError) return describeRefusal(error, place);
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    return error.name === 'AbortError'
      ? undefined
      : errorOf(t('{0} did not answer in time.', hostName(place)), [reconnect(place), showLog()]);
  }
  if (error instanceof Error && 'code' in error && error.code === 'lost') {
    return errorOf(
      t('{0} is not connected at the moment. Its kernels go on; try again once it is back.', hostName(place)),
      [reconnect(place), showLog()],
    );
  }
  return errorOf(
    place.host === undefined
      ? t('Something went wrong that Remote Kernels has no words for.')
      : t('Something went wrong with {0} that Remote Kernels has no words for.', hostName(place)),
    [showLog()],
  );
}
