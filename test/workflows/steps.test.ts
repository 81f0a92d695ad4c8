import { asset, dag, type DagDefinition } from '../../sdk/index.ts';
import { parseDagId } from '../../core/ids.ts';
import { clearQueue, setPaused } from '../../temporal/control.ts';
import { stepViolations } from '../support/steps.ts';
import { aLatch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const [a, b, c] = [asset('s3://steps/a'), asset('s3://steps/b'), asset('s3://steps/c')];
const dagId = parseDagId('stepwise');

const d = asset('s3://steps/d');
const crowded = parseDagId('crowded');
/** Holds the runs of it, one after the other. */
const latches = [aLatch(), aLatch(), aLatch()];
let begun = 0;

const project = (others: readonly (typeof a)[]): readonly DagDefinition[] => [
  dag(dagId, { schedule: [a, ...others], maxActiveRuns: 1, whilePaused: 'ignore' }, (d) => {
    d.task('work', async () => undefined);
  }),
  dag(crowded, { schedule: d, maxActiveRuns: 1 }, (held) => {
    held.task('wait', async () => {
      const latch = latches[begun];
      begun += 1;
      await latch?.opened;
    });
  }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(project([b]));
});
afterAll(() => tidegate.stop());

const isAtRest = () =>
  eventually(async () => {
    const { gate, activeRuns, hasRequests } = await tidegate.gate(dagId);
    const { head } = await tidegate.deps.db.selectFrom('log').select('head').executeTakeFirstOrThrow();
    const waits = Object.keys(gate.queued).length < 2 && activeRuns.length === 0 && !hasRequests;
    return waits && gate.watermark >= head - 1 ? true : undefined;
  });
const kinds = async () =>
  await tidegate.deps.db
    .selectFrom('consumer_step')
    .select(['kind', 'inputs'])
    .where('dag_id', '=', dagId)
    .orderBy('epoch')
    .orderBy('step')
    .execute();

describe('the steps of a consumer', () => {
  it('are kept, so that going through them again comes to the same', async () => {
    for (let round = 0; round < 6; round += 1) await tidegate.post(a.uri, b.uri);
    await tidegate.trigger(dagId);
    await isAtRest();
    await tidegate.post(a.uri);
    await eventually(async () =>
      Object.keys((await tidegate.gate(dagId)).gate.queued).length > 0 ? true : undefined,
    );
    await clearQueue(tidegate.deps, dagId, { who: 'me' });
    await setPaused(tidegate.deps, dagId, true);
    await tidegate.post(a.uri, b.uri);
    await setPaused(tidegate.deps, dagId, false);
    await tidegate.deploy(project([b, c]));
    await tidegate.post(b.uri, c.uri);
    await tidegate.post(a.uri);
    await tidegate.consumer(dagId).terminate('to begin anew');
    await tidegate.post(a.uri, b.uri, c.uri);
    await isAtRest();

    const steps = await kinds();
    const found = new Set(steps.map(({ kind }) => kind));
    expect([...found].toSorted((x, y) => x.localeCompare(y))).toEqual([
      'admitted',
      'adopted',
      'claimed',
      'cleared',
      'opened',
      'paused',
      'resumed',
    ]);
    expect(steps.flatMap(({ inputs }) => inputs.map(({ kind }) => kind))).toEqual(
      expect.arrayContaining(['closed', 'requested']),
    );
    expect(await stepViolations(tidegate.deps.db)).toEqual([]);
  });

  it('tell which requested runs went before the run of an event, while they had to wait for each other', async () => {
    for (let run = 0; run < 3; run += 1) await tidegate.trigger(crowded);
    await tidegate.post(d.uri);
    await eventually(async () => {
      const { gate, hasRequests } = await tidegate.gate(crowded);
      return hasRequests && Object.keys(gate.queued).length > 0 ? true : undefined;
    });
    latches[0]?.open();
    latches[1]?.open();
    await tidegate.runsClosed(crowded, 2);
    // Comes before the event's run, and so is part of it.
    await tidegate.post(d.uri);
    await eventually(async () => {
      const [queued] = Object.values((await tidegate.gate(crowded)).gate.queued);
      return queued?.count === 2 ? true : undefined;
    });
    latches[2]?.open();
    await tidegate.runsClosed(crowded, 4);
    const order = await tidegate.deps.db
      .selectFrom('consumer_step')
      .select('kind')
      .where('dag_id', '=', crowded)
      .where('kind', 'in', ['admitted', 'opened'])
      .orderBy('step')
      .execute();
    expect(order.map(({ kind }) => kind)).toEqual(['admitted', 'admitted', 'admitted', 'opened']);
    expect(await stepViolations(tidegate.deps.db)).toEqual([]);
  });

  it('tell what is not so', async () => {
    const { db } = tidegate.deps;
    await db.updateTable('consumer_step').set({ inputs: '[]' }).execute();
    expect(await stepViolations(db)).not.toEqual([]);
  });
});
