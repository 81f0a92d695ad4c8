import { z } from 'zod';
import { asset, dag, ioManager } from '../../sdk/index.ts';
import { jsonFiles, textFiles } from '../../io/index.ts';
import { prune } from '../../store/prune.ts';
import { attemptClosed, runAgain } from '../support/attempts.ts';
import { setClock } from '../support/clock.ts';
import { type Runs, startRuns } from '../support/runs.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/tidegate.ts';

// Values that tasks of one DAG saved as files, loaded by tasks of others.

const dayMs = 86_400_000;
const features = asset('s3://saved/features');
const notes = asset('s3://saved/notes');
const plain = asset('s3://saved/plain');
const empty = asset('s3://saved/empty');
const posted = asset('s3://saved/posted');
const early = asset('s3://saved/early');
const whole = asset('s3://saved/whole');
const never = asset('s3://saved/never');
const hidden = asset('s3://saved/hidden');
const asked = { features, plain, empty, posted, early, whole, never, hidden };
const isAsked = (of: string): of is keyof typeof asked => Object.hasOwn(asked, of);

let made = 0;
const places: object[] = [];

function dagsIn(folder: string) {
  const files = jsonFiles({ folder });
  const texts = textFiles({ folder });
  const other = ioManager({ name: 'other', save: () => 'there', load: () => 1 });
  const spy = ioManager({
    name: 'json-files',
    save: () => '',
    load: (reference, { dagId, runId, attempt, taskId, partitionKey, asset: of }) => {
      places.push({ dagId, runId, attempt, taskId, partitionKey, asset: of });
      return reference;
    },
  });
  return [
    dag('make', {}, (d) => {
      d.task('make', { io: files, outlets: [features] }, async () => {
        made += 1;
        return { made };
      });
    }),
    dag('train', { schedule: features }, (d) => {
      d.task('train', async ({ load }) => load(features, files));
    }),
    dag('look', {}, (d) => {
      d.task('newest', { inlets: [features] }, async ({ load }) => load(features, files));
      d.task('all', { inlets: [features] }, async ({ load, inlets }) => {
        const events = await inlets.of(features).toArray();
        return Promise.all(events.map((event) => load(event, files)));
      });
      d.task('place', { inlets: [features] }, async ({ load }) => load(features, spy));
    }),
    dag('write', {}, (d) => {
      d.task('note', { io: texts, outlets: [notes] }, async () => 'as text');
      d.task('plain', { outlets: [plain] }, async () => 1);
      d.task('empty', { io: files, outlets: [empty] }, async () => undefined);
    }),
    dag('read', { schedule: notes }, (d) => {
      d.task('read', async ({ load }) => {
        const text: string = await load(notes, texts);
        return text.toUpperCase();
      });
    }),
    dag('fails', {}, (d) => {
      d.task('early', { io: files, outlets: [early] }, async ({ emitNow }) => {
        await emitNow(early);
        throw new Error('it broke');
      });
    }),
    dag('whole', { outlets: [whole] }, (d) => void d.task('work', { io: files }, async () => 1)),
    dag('ask', { params: z.object({ of: z.string(), with: z.string().optional() }) }, (d) => {
      const inlets = [features, plain, empty, posted, early, whole, never];
      d.task('ask', { inlets }, async ({ load, params }) => {
        const source = isAsked(params.of) ? asked[params.of] : (params.of as never);
        return params.with === 'other' ? load(source, other) : load(source, files);
      });
    }),
  ];
}

let folder: TemporaryFolder;
let runs: Runs;
beforeAll(async () => {
  folder = await createTemporaryFolder();
  runs = await startRuns(dagsIn(folder.path));
});
afterAll(async () => {
  await runs.tidegate.stop();
  await folder.remove();
});

const make = async (): Promise<string> => (await runs.runOf('make')).run.run_id;
const resultsOf = async (dagId: string): Promise<Readonly<Record<string, unknown>>> => {
  const { tasks } = await runs.runOf(dagId);
  return Object.fromEntries(tasks.map(({ task_id, result }) => [task_id, result]));
};
const trained = async (count: number) => (await runs.tidegate.resultsOf('train', count)).slice(0, count);

describe('the value of an asset', () => {
  let first: string;
  beforeAll(async () => {
    first = await make();
    await trained(1);
    await make();
  });

  it('is loaded in another DAG by the event that started the run', async () => {
    expect(await trained(2)).toEqual([{ made: 1 }, { made: 2 }]);
  });

  it('is what its IO manager loads, typed by that', async () => {
    await runs.runOf('write');
    expect(await runs.tidegate.resultsOf('read', 1)).toEqual(['AS TEXT']);
  });

  it('is the newest in a run that consumed none, and that of each event which is given', async () => {
    expect(await resultsOf('look')).toMatchObject({ newest: { made: 2 }, all: [{ made: 1 }, { made: 2 }] });
  });

  it('stays that of its attempt when either of the runs runs again', async () => {
    const { tidegate } = runs;
    await runAgain(tidegate.deps, ['make', first]);
    await attemptClosed(tidegate, ['make', first], 2);
    expect(await trained(3)).toEqual([{ made: 1 }, { made: 2 }, { made: 3 }]);
    expect(await resultsOf('look')).toMatchObject({ all: [{ made: 1 }, { made: 2 }, { made: 3 }] });
    expect(places.at(-1)).toMatchObject({ ...{ dagId: 'make', taskId: 'make', runId: first, attempt: 2 } });

    const [run] = await tidegate.runsOf('train');
    const again = ['train', run?.run_id ?? ''] as const;
    await runAgain(tidegate.deps, again);
    await attemptClosed(tidegate, again, 2);
    const rows = await tidegate.tasksOf(...again);
    expect(rows.map(({ attempt, result }) => [attempt, result])).toEqual([
      [1, { made: 1 }],
      [2, { made: 1 }],
    ]);
  });

  it('is loaded with the run, the partition and the asset that it was saved with', async () => {
    await runs.runOf('look');
    const { name, uri } = features;
    expect(places.at(-1)).toEqual({
      ...{
        dagId: 'make',
        runId: first,
        attempt: 2,
        taskId: 'make',
        partitionKey: null,
        asset: { name, uri },
      },
    });
  });
});

describe('a value that is not there', () => {
  beforeAll(async () => {
    await runs.tidegate.post(posted.uri);
    await runs.runOf('fails');
    await runs.runOf('whole');
  });
  const errorOf = async (of: string, by?: string): Promise<string | null | undefined> => {
    const { task } = await runs.taskOf('ask', { of, ...(by !== undefined && { with: by }) });
    expect(task?.state).toBe('failed');
    return task?.error;
  };

  it.each([
    [
      'never',
      /^no event of s3:\/\/saved\/never was recorded, so no value of it was saved: run what updates it/,
    ],
    [
      'posted',
      /^event \d+ of s3:\/\/saved\/posted came over HTTP, which saves no value: let a task with an IO/,
    ],
    [
      'whole',
      /^event \d+ of s3:\/\/saved\/whole is of run \S+ of DAG whole as a whole, which saves no value/,
    ],
    ['plain', /task plain of run \S+ of DAG write, which saved no value: give the task an IO manager, and/],
    [
      'empty',
      /task empty of run \S+ of DAG write, which saved no value: give the task an IO manager, and return/,
    ],
    [
      'early',
      /task early of run \S+ of DAG fails, which is failed: a value is saved once its task has succeeded/,
    ],
    ['hidden', /^s3:\/\/saved\/hidden is not an inlet of this task: add it to 'inlets'/],
    [
      'features by name',
      /^what is to be loaded "features by name" is not valid: give an asset, or an event of one/,
    ],
  ])('says why: %s', async (of, message) => {
    expect(await errorOf(of)).toMatch(message);
  });

  it('is not loaded by another IO manager than the one that saved it', async () => {
    expect(await errorOf('features', 'other')).toBe(
      "the value of s3://saved/features was saved by IO manager 'json-files', and 'other' is to load it: load it with the one that saved it",
    );
  });

  it('is gone with its run', async () => {
    const { deps } = runs.tidegate;
    await make();
    const left = await make();
    await eventually(async () => (await runs.open()).length === 0);
    await deps.closedRuns.idle();
    await setClock(deps.db, new Date(Date.now() + 100 * dayMs));
    await prune(deps.db, { runsMs: 90 * dayMs });
    await setClock(deps.db, 'real');
    const { tasks } = await runs.runOf('look');
    const byId = Object.fromEntries(tasks.map((task) => [task.task_id, task]));
    expect(byId['newest']?.result).toMatchObject({ made });
    expect(byId['all']?.error).toMatch(/of DAG make, which is not there any more: keep runs for longer/);
    expect((await runs.tidegate.runsOf('make')).map(({ run_id }) => run_id)).toEqual([left]);
  });
});
