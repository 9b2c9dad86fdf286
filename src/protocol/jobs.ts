import * as v from 'valibot';
import { parserOf } from '../base/parse';

/** How a job can stand. The last three are final. */
export const jobStates = ['queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled'] as const;

const jobSchema = v.object({
  id: v.string(),
  /** What it does, such as `install-packages`; a client shows `title` for kinds it does not know. */
  kind: v.string(),
  title: v.string(),
  environmentId: v.exactOptional(v.string()),
  state: v.picklist(jobStates),
  createdAt: v.string(),
  endedAt: v.exactOptional(v.string()),
  /** 0 to 1, when it is known. */
  progress: v.exactOptional(v.number()),
  error: v.exactOptional(v.object({ code: v.string(), message: v.string() })),
});

/** Long work on the host: it belongs to the agent and goes on when the client is away. */
export type Job = v.InferOutput<typeof jobSchema>;

/** Reads {@link Job}. */
export const parseJob = parserOf('job', jobSchema);

const jobEventSchema = v.variant('event', [
  v.object({ event: v.literal('state'), job: jobSchema }),
  v.object({ event: v.literal('output'), stream: v.picklist(['stdout', 'stderr']), text: v.string() }),
  v.object({ event: v.literal('step'), text: v.string(), progress: v.exactOptional(v.number()) }),
]);

/** Data of one server-sent event of a job. Its number is the event's `id`, from 1 without gaps; `Last-Event-ID` resumes after it. */
export type JobEvent = v.InferOutput<typeof jobEventSchema>;

/** Reads {@link JobEvent}. */
export const parseJobEvent = parserOf('job event', jobEventSchema);
