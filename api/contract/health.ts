import { z } from 'zod';

const Component = z.object({ status: z.enum(['healthy', 'unhealthy']) });

/** Answer of `GET /api/v2/monitor/health`: Airflow's parts stand for ours, `temporal` is our own. */
export const MonitorHealth = z
  .object({
    metadatabase: Component,
    /** Temporal schedules, so this is its state; no heartbeat is known. */
    scheduler: Component.extend({ latest_scheduler_heartbeat: z.null() }),
    triggerer: Component.extend({ latest_triggerer_heartbeat: z.null() }),
    /** There is no DAG processor: deploys replace it. */
    dag_processor: z.null(),
    temporal: Component.extend({ namespace: z.string() }),
  })
  .meta({ id: 'MonitorHealth' });
export type MonitorHealth = z.infer<typeof MonitorHealth>;

/** Answer of `GET /health`: the process is alive, whatever it depends on. */
export const Liveness = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' });
export type Liveness = z.infer<typeof Liveness>;

/** Answer of `GET /ready` when Postgres answers and is migrated, and Temporal answers; else a problem with `reasons`. */
export const Readiness = z.object({ status: z.literal('ready') }).meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;

/** Answer of `GET /version` and `GET /api/v2/version`. */
export const Version = z
  .object({
    version: z.string(),
    /** Not known to a running API. */
    git_version: z.null(),
  })
  .meta({ id: 'Version' });
export type Version = z.infer<typeof Version>;
