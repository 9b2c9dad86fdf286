import type { DaemonStatus } from '../../protocol/daemon-control';
import type { AnnouncementState } from '../front-door/announcement-process';

/** The part of `status` that is about the announcement. */
export type AnnouncementStatus = Pick<DaemonStatus, 'announcedAs' | 'announcedBy' | 'announcementProblem'>;

/** What became of an announcement, as `status` says it; nothing as long as nothing is known. */
export function announcementStatusOf(state: AnnouncementState | undefined): AnnouncementStatus {
  if (state === undefined) return {};
  if (state.kind === 'failed') return { announcementProblem: state.message };
  const { name, by, because } = state;
  return { announcedAs: name, announcedBy: { by, ...(because === undefined ? {} : { because }) } };
}
