import { setTimeout as delay } from 'node:timers/promises';
import {
  asset,
  dag,
  defineAsset,
  envConfig,
  ioManager,
  type Json,
  resource,
  secret,
} from '../../sdk/index.ts';
import { aLatch } from '../support/latch.ts';
import { jsonFiles } from '../../io/index.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const kept = new Map<string, unknown>();
const contexts: Record<string, unknown>[] = [];
const opened = resource({ name: 'opened', setUp: () => 'a service' });
/** Values live in a map here; what is tested is who is asked, when, and with what. */
const managed = (name: string) =>
  ioManager({
    name,
    resources: { opened },
    save: (value: { readonly size: bigint }, { resources, signal, log, ...place }) => {
      log.info('saving', { with: resources.opened });
      contexts.push({ saved: signal.aborted, ...place });
      const key = [place.runId, place.taskId, place.try].join('/');
      kept.set(key, value);
      return { key };
    },
    load: ({ key }, { resources, taskId }) => {
      contexts.push({ loaded: taskId, with: resources.opened });
      return kept.get(key) as { readonly size: bigint };
    },
    remove: ({ key }) => void kept.delete(key),
  });
const lake = managed('lake');
const leaky = ioManager({ name: 'leaky', save: () => 'x'.repeat(300_000), load: () => 1 });
const broken = ioManager({
  name: 'broken',
  save: (value: number): string => {
    throw new Error(`no room for ${value}`);
  },
  load: () => 1,
});
const { KEY: secretKey } = envConfig({ KEY: secret() }, { KEY: 'open sesame of io' });
const done: string[] = [];
const slow = ioManager({
  name: 'slow',
  // It does not hear that its time is out.
  save: async (value: number, { runId }) => {
    await delay(1_500);
    done.push(`saved ${value} of ${runId}`);
    return runId;
  },
  load: () => 1,
  remove: (runId) => void done.push(`removed ${runId}`),
});
const telling = ioManager({
  name: 'telling',
  save: (value: number) => {
    done.push(`told ${value}`);
    return `https://example.com/?key=${secretKey}`;
  },
  load: () => 1,
  remove: () => void done.push('told no more'),
});
const orders = asset('s3://io/orders');
const other = asset('s3://io/other');

let now = lake;
const [late, zombie] = [aLatch(), aLatch()];
let recordedEarly: (reference: Json, runId: string) => Promise<void> = async () => undefined;
/** Its success is stored, and the answer to that is lost. */
const answerless = ioManager({
  name: 'answerless',
  save: async (value: string, { runId }) => {
    kept.set(`answerless/${runId}`, value);
    await recordedEarly({ io_manager: 'answerless', reference: runId }, runId);
    return runId;
  },
  load: (runId) => String(kept.get(`answerless/${runId}`)),
  remove: (runId) => void kept.delete(`answerless/${runId}`),
});
const dags = () => [
  dag('shared', { io: lake }, (d) => {
    const make = d.task('make', { outlets: [orders] }, async () => ({ size: 7n }));
    const nothing = d.task('nothing', () => undefined);
    const plain = d.task('plain', { io: null }, () => 3);
    d.task('read', { io: null, needs: { make, nothing, plain } }, ({ needs }) => [
      String(needs.make.size + 1n),
      needs.nothing,
      needs.plain,
    ]);
  }),
  dag('fails_after', {}, (d) => {
    // Refused when events are recorded, behind the code and the saving.
    d.task(
      'make',
      { io: lake, outlets: [other], retries: { max: 1, initial: '10 ms' } },
      async ({ try: number, emit }) => {
        if (number === 1) emit(other, { partition: secretKey });
        return { size: BigInt(number) };
      },
    );
  }),
  dag('timed_out', {}, (d) => {
    d.task('make', { io: slow, timeout: '300 ms' }, async () => 1);
  }),
  dag('zombie', {}, (d) => {
    d.task('make', { io: lake }, async ({ try: number }) => {
      if (number === 1) await zombie.opened;
      return { size: BigInt(number) };
    });
  }),
  dag('answerless', {}, (d) => {
    const make = d.task('make', { io: answerless }, () => 'value');
    d.task('read', { needs: { make } }, ({ needs }) => needs.make);
  }),
  dag('large', { io: jsonFiles({ folder: folder.path }) }, (d) => {
    const make = d.task('make', () => ({ text: 'x'.repeat(1_000_000) }));
    d.task('measure', { io: null, needs: { make } }, ({ needs }) => needs.make.text.length);
  }),
  dag('tells', {}, (d) => void d.task('make', { io: telling }, () => 1)),
  dag('leaky', {}, (d) => void d.task('make', { io: leaky }, () => 1)),
  dag('broken', {}, (d) => void d.task('make', { io: broken }, () => 1)),
  dag('changed', {}, (d) => {
    const make = d.task('make', { io: now }, async () => ({ size: 1n }));
    const wait = d.task('wait', { needs: [make] }, () => late.opened);
    d.task('read', { needs: { make, after: wait } }, ({ needs }) => String(needs.make.size));
  }),
];
const made = defineAsset('s3://io/made', { io: lake }, () => ({ size: 9n }));

let tidegate: Tidegate;
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await createTemporaryFolder();
  tidegate = await startTidegate([...dags(), made.dag]);
});
afterAll(async () => {
  for (const latch of [late, zombie]) latch.open();
  await tidegate.stop();
  await folder.remove();
});

const run = async (dagId: string) => {
  const runId = await tidegate.trigger(dagId);
  const { state } = await tidegate.closed(dagId, runId);
  return { runId, state, tasks: await tidegate.tasksOf(dagId, runId) };
};

describe('an IO manager', () => {
  it('takes what is too large for the store', async () => {
    const { runId, tasks } = await run('large');
    const path = `large/${encodeURIComponent(runId)}/1/make/1.json`;
    expect(tasks.map(({ result }) => result)).toEqual([
      { io_manager: 'json-files', reference: { path, bytes: 1_000_011 } },
      1_000_000,
    ]);
  });

  it('keeps what a task returns, and gives it to those that need it, whatever it is', async () => {
    const { runId, tasks } = await run('shared');
    expect(tasks.map(({ task_id: id, result }) => [id, result])).toEqual([
      ['make', { io_manager: 'lake', reference: { key: `${runId}/make/1` } }],
      ['nothing', null],
      ['plain', 3],
      ['read', ['8', null, 3]],
    ]);
    const place = { dagId: 'shared', runId, attempt: 1, taskId: 'make', try: 1, partitionKey: null };
    expect(contexts).toEqual([
      { saved: false, ...place, asset: { name: orders.name, uri: orders.uri } },
      { loaded: 'make', with: 'a service' },
    ]);
  });

  it('keeps what the function of an asset returns', async () => {
    const { runId, tasks } = await run(made.dag.id);
    expect(tasks).toMatchObject([
      { result: { io_manager: 'lake', reference: { key: `${runId}/${made.dag.id}/1` } } },
    ]);
    expect(contexts.at(-1)).toMatchObject({ asset: { uri: 's3://io/made' } });
  });

  it('that fails to save fails the try', async () => {
    expect((await run('broken')).tasks).toMatchObject([
      { state: 'failed', error: 'no room for 1', result: null },
    ]);
  });

  it('may say where a value is in 256 KiB at most', async () => {
    const { tasks } = await run('leaky');
    expect(tasks).toMatchObject([
      { state: 'failed', error: expect.stringMatching(/reference of IO manager 'leaky' is 30\d+ bytes/) },
    ]);
  });
});

describe('a reference that holds a secret', () => {
  it('fails the try, and what was saved is removed', async () => {
    const { tasks } = await run('tells');
    const error = "the reference of IO manager 'telling' holds a secret: leave it out";
    expect(tasks).toMatchObject([{ state: 'failed', error, result: null }]);
    expect(done.filter((one) => one.startsWith('told'))).toEqual(['told 1', 'told no more']);
  });
});

describe('what was saved by a try that did not succeed', () => {
  it('is removed, and what the next one saved stays', async () => {
    const { runId, tasks } = await run('fails_after');
    expect(tasks).toMatchObject([
      { state: 'success', try: 2, failures: 1, result: { reference: { key: `${runId}/make/2` } } },
    ]);
    expect([...kept.keys()].filter((key) => key.startsWith(runId))).toEqual([`${runId}/make/2`]);
  });

  it('is removed when the try ran out of time while it was being saved', async () => {
    const { runId, tasks } = await run('timed_out');
    expect(tasks).toMatchObject([{ state: 'failed', error: expect.stringMatching(/time-out of 300 ms/) }]);
    await eventually(async () => done.includes(`removed ${runId}`));
    expect(done.filter((one) => one.endsWith(runId))).toEqual([`saved 1 of ${runId}`, `removed ${runId}`]);
  });

  it('is removed when another try has taken over meanwhile, and what that one saves stays', async () => {
    const runId = await tidegate.trigger('zombie');
    await eventually(async () => (await tidegate.tasksOf('zombie', runId)).length === 1);
    const { db } = tidegate.deps;
    await db.updateTable('task_run').set({ try: 2 }).where('run_id', '=', runId).execute();
    zombie.open();
    await tidegate.closed('zombie', runId);
    expect(await tidegate.tasksOf('zombie', runId)).toMatchObject([{ state: 'success', try: 3 }]);
    expect([...kept.keys()].filter((key) => key.startsWith(runId))).toEqual([`${runId}/make/3`]);
  });

  it('stays when it did succeed, and only the answer to that was lost', async () => {
    recordedEarly = async (reference, runId) => {
      const { db } = tidegate.deps;
      const ended = { state: 'success', result: JSON.stringify(reference), ended_at: new Date() } as const;
      await db
        .updateTable('task_run')
        .set(ended)
        .where('run_id', '=', runId as never)
        .execute();
    };
    const { runId, tasks } = await run('answerless');
    expect(tasks.map(({ task_id: id, result }) => [id, result])).toEqual([
      ['make', { io_manager: 'answerless', reference: runId }],
      ['read', 'value'],
    ]);
  });
});

describe('a result whose task has another IO manager by now', () => {
  it('is not given to it', async () => {
    const runId = await tidegate.trigger('changed');
    const ended = (id: string) => async () =>
      (await tidegate.tasksOf('changed', runId)).some(
        (task) => task.task_id === id && task.state === 'success',
      );
    await eventually(ended('make'));
    now = managed('another');
    await tidegate.deploy([...dags(), made.dag]);
    late.open();
    await tidegate.closed('changed', runId);
    const tasks = await tidegate.tasksOf('changed', runId);
    expect(tasks.find(({ task_id: id }) => id === 'read')).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/'make' was saved by IO manager 'lake', and the task has 'another' now/),
    });
  });
});
