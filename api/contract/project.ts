import { z } from 'zod';
import { Instant, storableText } from './scalars.ts';

/** What holds for the whole project. */
export const Project = z
  .object({
    /** Whether all of its DAGs are paused, new ones included. */
    is_paused: z.boolean(),
    /** When it was last paused or resumed; null where it never was. */
    pause_changed_at: Instant.nullable(),
    pause_changed_by: z.string().nullable(),
    /** DAGs that are paused by themselves: resuming the project does not resume them. */
    dags_paused_themselves: z.int(),
    /** DAGs that have not followed yet; asking again, or a worker within a minute, tells them. */
    dags_to_tell: z.int(),
    /** How long what is kept, in seconds; null is for ever. */
    retention: z.object({
      runs: z.number().nullable(),
      logs: z.number().nullable(),
      events: z.number().nullable(),
      steps: z.number().nullable(),
    }),
    /** What is older may have been deleted; null where nothing was. */
    runs_pruned_before: Instant.nullable(),
    events_pruned_before: Instant.nullable(),
    steps_pruned_before: Instant.nullable(),
  })
  .meta({ id: 'Project' });
export type Project = z.infer<typeof Project>;

/** Body of `PATCH /api/v2/project`. */
export const PatchProject = z
  .strictObject({
    is_paused: z.boolean(),
    /** Who asks; kept with the pause. */
    who: storableText(250).min(1).default('api'),
  })
  .meta({ id: 'PatchProject' });
export type PatchProject = z.input<typeof PatchProject>;
