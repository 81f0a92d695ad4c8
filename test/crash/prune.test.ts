import { sql } from 'kysely';
import type { RetentionPlan } from '../../core/retention.ts';
import { pruneWorkflowId } from '../../core/workflow-names.ts';
import { prune } from '../../store/prune.ts';
import { writeRetention } from '../../store/retention.ts';
import { setClock } from '../support/clock.ts';
import { unrest, violations } from '../support/conservation.ts';
import { type Crash, orders, rates, startCrash } from '../support/crash.ts';
import type { FaultPoint } from '../support/faults.ts';
import { eventually } from '../support/tidegate.ts';

// A worker is killed while it prunes; the next prune has to leave what the first one would have left, and nothing less.

const dayMs = 86_400_000;
const ages: RetentionPlan = { runsMs: 90 * dayMs, eventsMs: 90 * dayMs };
const tables = [
  ...['asset_event', 'run', 'task_run', 'task_log', 'run_tick', 'consumption'],
  ...['asset_event_alias', 'accepted_event', 'refused_event'],
];

let crash: Crash;
let days = 0;
beforeAll(async () => {
  crash = await startCrash();
});
afterAll(() => crash.stop());

const isAtRest = () => eventually(async () => (await unrest(crash.deps)).length === 0, 60_000);

/** Two runs of each consumer and more, which are old now, and what they consumed. */
async function ageSome(): Promise<void> {
  const { db } = crash.deps;
  await setClock(db, 'real');
  await crash.worker();
  for (let round = 0; round < 2; round += 1) {
    const before = await Promise.all(['single', 'pair'].map((dagId) => crash.runsOf(dagId)));
    await crash.post(orders, rates);
    await eventually(async () => {
      const after = await Promise.all(['single', 'pair'].map((dagId) => crash.runsOf(dagId)));
      return after.every((runs, index) => runs.length > (before[index]?.length ?? 0));
    });
    await isAtRest();
  }
  // Queued for the consumer of both assets, however old they get.
  await crash.post(orders);
  await crash.post(orders);
  await isAtRest();
  days += 100;
  await setClock(db, new Date(Date.now() + days * dayMs));
}

async function countRows(): Promise<Readonly<Record<string, number>>> {
  const counted = tables.map(
    (table) => sql`select ${table} as name, count(*) as rows from ${sql.table(table)}`,
  );
  const { rows } = await sql<{ name: string; rows: number }>`${sql.join(counted, sql` union all `)}`.execute(
    crash.deps.db,
  );
  return Object.fromEntries(rows.map(({ name, rows: count }) => [name, count]));
}

describe('a prune', () => {
  it.each<FaultPoint>([
    'before commit of pruneLogs',
    'before commit of pruneRuns',
    'after commit of pruneRuns',
    'before commit of pruneEvents',
    'after commit of pruneEvents',
    'before commit of pruneConsumption',
  ])('is finished by the next one where its worker is killed %s', async (point) => {
    await ageSome();
    const { db, temporal } = crash.deps;
    const worker = await crash.worker();
    await db.transaction().execute((tx) => writeRetention(tx, ages));
    const would = await prune(db, ages, { isDry: true });
    expect([would['run'], would['asset_event'], would['consumption']]).not.toContain(0);
    const before = await countRows();
    await worker.killAt(point);
    const running = await temporal.client.workflow.start('prune', {
      ...{ workflowId: pruneWorkflowId, taskQueue: temporal.taskQueue, args: [] },
    });
    await worker.broken();
    await running.terminate();
    const left = await prune(db, ages, { isDry: true });
    expect(left['consumption']).toBe(would['consumption']);

    await prune(db, ages);
    const after = await countRows();
    for (const table of tables)
      expect([table, after[table]]).toEqual([table, (before[table] ?? 0) - (would[table] ?? 0)]);
    await crash.worker();
    await isAtRest();
    expect(await violations({ ...crash.deps, accepted: [] })).toEqual([]);
  });
});
