import { z } from 'zod';
import { parseDagId } from '../../core/ids.ts';
import { asset, dag, defineAsset, defineAssets } from '../../sdk/index.ts';
import { type Runs, startRuns } from '../support/runs.ts';

// Assets that are defined by functions start each other, and read what is upstream.

const orders = asset('s3://defined/orders');
const users = asset('s3://defined/users');
const rows = z.object({ rows: z.number() });

const totals = defineAsset(
  's3://defined/totals',
  { schedule: orders, upstream: { orders, users }, eventExtra: rows },
  async ({ upstream, self, emit, events }) => {
    emit(self, { extra: { rows: (await upstream.orders.count()) + (await upstream.users.length) } });
    return events.all().count();
  },
);
const [left, right] = [asset('s3://defined/left'), asset('s3://defined/right')];
const halves = defineAssets(
  [left, right],
  { id: 'halves', schedule: totals, upstream: { totals } },
  async (context) => {
    const newest = await context.upstream.totals.at(-1);
    context.emit(left, { extra: { rows: newest?.extra.rows ?? 0 } });
  },
);
const last = dag('last', { schedule: halves }, (d) => {
  d.task('read', async ({ events }) =>
    (await events.all().toArray()).map(({ asset: { uri }, extra }) => [uri, extra]),
  );
});

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns([totals.dag, halves.dag, last]);
});
afterAll(() => runs.tidegate.stop());

describe('assets that are defined by functions', () => {
  it('are updated one after the other, each with what is upstream of it', async () => {
    await runs.tidegate.post(users.uri, users.uri);
    await runs.tidegate.post(orders.uri);
    const [run] = await runs.tidegate.runsClosed('last', 1);
    const [task] = await runs.tidegate.tasksOf('last', run?.run_id ?? '');
    expect(task?.result).toEqual([
      [left.uri, { rows: 3 }],
      [right.uri, {}],
    ]);
    const events = runs.tidegate.deps.db.selectFrom('asset_event').select(['source_task_id', 'extra']);
    expect(await events.where('source_dag_id', '=', parseDagId('s3_defined_totals')).execute()).toEqual([
      { source_task_id: 's3_defined_totals', extra: { rows: 3 } },
    ]);
  });
});
