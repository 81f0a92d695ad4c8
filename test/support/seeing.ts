import { parseDagId } from '../../core/ids.ts';
import { asset, dag, type DagDefinition, type DagOptions } from '../../sdk/index.ts';
import { readConsumer } from '../../store/gate.ts';
import { aLatch, type Latch } from './latch.ts';
import { eventually, type Tidegate } from './tidegate.ts';

/** Assets of one test, so that tests never start each other's DAGs. */
export const assetsOf = (test: string) => ({
  a: asset(`s3://${test}/a`),
  b: asset(`s3://${test}/b`),
  c: asset(`s3://${test}/c`),
});

/** Makes DAGs whose one task returns the positions of the events it saw. */
export interface SeeingDags {
  seeing(
    this: void,
    id: string,
    options: Pick<DagOptions, 'schedule' | 'maxActiveRuns' | 'maxQueuedRuns'>,
  ): DagDefinition;
  /** From now on runs of a DAG wait until they are let go on. */
  hold(this: void, id: string): Latch;
}

export function seeingDags(): SeeingDags {
  const held = new Map<string, Latch>();
  return {
    seeing: (id, options) =>
      dag(id, options, (d) => {
        d.task('see', async ({ events }) => {
          await held.get(id)?.opened;
          return (await events.all().toArray()).map(({ seq }) => seq);
        });
      }),
    hold: (id) => {
      const latch = aLatch();
      held.set(id, latch);
      return latch;
    },
  };
}

/** What the task of each run of a DAG saw, once `count` runs have closed. */
export async function sawOf(tidegate: Tidegate, dagId: string, count: number): Promise<readonly unknown[]> {
  const runs = await tidegate.runsClosed(dagId, count);
  return Promise.all(runs.map(async ({ run_id }) => (await tidegate.tasksOf(dagId, run_id))[0]?.result));
}

/** How many events are queued, per asset, once `count` in all are. */
export function queuedOf(
  tidegate: Tidegate,
  dagId: string,
  count: number,
): Promise<Readonly<Record<string, number>>> {
  return eventually(async () => {
    const current = await readConsumer(tidegate.deps.db, parseDagId(dagId));
    const { gate } = await tidegate.gate(dagId);
    const queued = Object.entries(gate.queued).map(([leaf, queue]) => {
      const asset_ = Object.entries(current?.definition.assets ?? {}).find(([id]) => id === leaf)?.[1];
      return [asset_?.name ?? leaf, queue.count] as const;
    });
    return queued.reduce((sum, [, one]) => sum + one, 0) === count && Object.fromEntries(queued);
  });
}

/** Position of the newest entry of the log. */
export async function headOf(tidegate: Tidegate): Promise<number> {
  return (await tidegate.deps.db.selectFrom('log').select('head').executeTakeFirstOrThrow()).head;
}

/** The consumer of a DAG as its workflow holds it, and as it is shown without one. */
export async function bothViewsOf(tidegate: Tidegate, dagId: string) {
  const stored = (await readConsumer(tidegate.deps.db, parseDagId(dagId)))?.consumer;
  return { stored, own: await tidegate.gate(dagId) };
}
