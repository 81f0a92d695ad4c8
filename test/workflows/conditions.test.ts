import { asset, atLeast, dag, type DagDefinition, type DagOptions, on } from '../../sdk/index.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const clicks = asset('s3://conditions/clicks');
const [eu, us, asia] = [asset('s3://sales/eu'), asset('s3://sales/us'), asset('s3://sales/asia')];

/** Its one task returns how many events of each asset its run consumed. */
const counting = (id: string, options: Pick<DagOptions, 'schedule'>): DagDefinition =>
  dag(id, options, (d) => {
    d.task('count', async ({ events }) => {
      const counts: Record<string, number> = {};
      for await (const { asset: of } of events.all()) counts[of.name] = (counts[of.name] ?? 0) + 1;
      return counts;
    });
  });
const project = (every: number): readonly DagDefinition[] => [
  counting('every_third', { schedule: on(clicks, { count: every }) }),
  counting('quorum', { schedule: atLeast(2, eu, us, asia) }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(project(3));
});
afterAll(() => tidegate.stop());

const resultsOf = async (dagId: string, count: number): Promise<readonly unknown[]> => {
  const runs = await tidegate.runsClosed(dagId, count);
  const tasks = await Promise.all(runs.map(({ run_id }) => tidegate.tasksOf(dagId, run_id)));
  return tasks.map(([task]) => task?.result);
};

describe('a consumer that takes several updates of an asset', () => {
  it('starts behind the last of them, with all of them', async () => {
    await tidegate.post(clicks.uri);
    await tidegate.post(clicks.uri);
    await eventually(async () => (await tidegate.gate('every_third')).gate.queued);
    expect(await tidegate.runsOf('every_third')).toEqual([]);
    // One batch is judged once, however far beyond it goes.
    await tidegate.post(clicks.uri, clicks.uri);
    expect(await resultsOf('every_third', 1)).toEqual([{ [clicks.name]: 4 }]);
    for (let update = 0; update < 3; update++) await tidegate.post(clicks.uri);
    expect(await resultsOf('every_third', 2)).toContainEqual({ [clicks.name]: 3 });
  });

  it('starts with what is queued when an edit asks for fewer', async () => {
    await tidegate.post(clicks.uri, clicks.uri);
    await tidegate.deploy(project(2));
    expect(await resultsOf('every_third', 3)).toContainEqual({ [clicks.name]: 2 });
  });
});

describe('a consumer that waits for some of several assets', () => {
  it('starts when so many were updated, whichever they are', async () => {
    await tidegate.post(us.uri);
    await tidegate.post(us.uri);
    await tidegate.post(asia.uri);
    expect(await resultsOf('quorum', 1)).toEqual([{ [us.name]: 2, [asia.name]: 1 }]);
    await tidegate.post(eu.uri, asia.uri);
    expect(await resultsOf('quorum', 2)).toContainEqual({ [eu.name]: 1, [asia.name]: 1 });
  });
});
