import { existsSync, writeFileSync } from 'node:fs';
import { alias, asset, dag, ioManager, NonRetryable, RetryAfter, TidegateError } from 'tidegate';
import { z } from 'zod';

// DAGs of isolated tasks: the test deploys them, and each try loads this file in a process of its own.

export const orders = asset('s3://lake/orders', { eventExtra: z.object({ rows: z.number() }) });
export const sizes = asset('s3://lake/sizes', { eventExtra: z.object({ rows: z.number() }) });
export const history = asset('s3://lake/history');
const strange = asset('s3://lake/strange');
const lake = ioManager({ name: 'lake', save: () => 1, load: () => 1 });
const files = alias('files');

/** Where tasks and the test leave each other marks. */
const Place = z.object({ folder: z.string() });
const mark = (folder: string, name: string): string => `${folder}/${name}`;

/** Kinds of tasks that are more than one, and all isolated. */
export const shaped = dag('shaped', {}, (d) => {
  const list = d.task('list', { isolate: true }, async () => ['a', 'b']);
  const each = d.map('each', list, { isolate: true }, ({ item, mapIndex }) => `${item}${mapIndex}`);
  d.task('starts', { needs: { each }, isolate: true }, async ({ needs, triggerRun }) => {
    const { dagId, isNew } = await triggerRun('quick');
    return { each: needs.each, dagId, isNew };
  });
  d.branch('choose', { needs: [list], isolate: true }, () => 'left');
  d.task('left', { needs: ['choose'] }, () => undefined);
  d.task('right', { needs: ['choose'] }, () => undefined);
});

/** Spins without ever yielding, until the test says so. */
export const busy = dag('busy', { params: Place }, (d) => {
  d.task('spin', { isolate: true }, ({ params: { folder }, log, progress }) => {
    log.info('spinning');
    progress(0.5, 'round and round');
    writeFileSync(mark(folder, 'spinning'), String(process.pid));
    let rounds = 0;
    while (!existsSync(mark(folder, 'enough'))) rounds += 1;
    return rounds > 0;
  });
});

export const quick = dag('quick', { schedule: history }, (d) => void d.task('work', () => 1));

export const endless = dag('endless', { params: Place }, (d) => {
  d.task('spin', { isolate: { grace: '100ms' }, timeout: '5s' }, ({ params: { folder } }) => {
    writeFileSync(mark(folder, 'endless'), String(process.pid));
    for (;;);
  });
});

export const cancelled = dag('cancelled', { params: Place }, (d) => {
  d.task('spin', { isolate: { grace: '100ms' } }, ({ params: { folder } }) => {
    writeFileSync(mark(folder, 'cancelled'), String(process.pid));
    for (;;);
  });
});

export const obedient = dag('obedient', { params: Place }, (d) => {
  d.task('wait', { isolate: true }, async ({ params: { folder }, signal }) => {
    writeFileSync(mark(folder, 'obedient'), String(process.pid));
    await new Promise((settle) => signal.addEventListener('abort', settle));
    writeFileSync(mark(folder, 'cleaned'), signal.reason instanceof Error ? signal.reason.message : '');
  });
});

export const broken = dag('broken', {}, (d) => {
  d.task('heap', { isolate: { memory: '256 MiB' } }, () => {
    const kept: number[][] = [];
    while (kept.length < 10_000) kept.push(Array.from({ length: 10_000 }, (_, index) => index * 1.5));
    return kept.length;
  });
  d.task('buffers', { isolate: { memory: '256 MiB' } }, async () => {
    const kept = Array.from({ length: 60 }, () => Buffer.alloc(8_388_608, 1));
    await new Promise((settle) => setTimeout(settle, 60_000));
    return kept.length;
  });
  d.task('exits', { isolate: true }, () => process.exit(3));
  d.task('rejects', { isolate: true }, async () => {
    setTimeout(() => {
      throw new Error('nobody catches this');
    }, 1);
    await new Promise((settle) => setTimeout(settle, 60_000));
  });
});

class WrongColumn extends TypeError {}

export const failing = dag('failing', {}, (d) => {
  d.task('plain', { isolate: true }, () => {
    throw new Error('it broke');
  });
  d.task('named', { isolate: true, retries: { max: 2, nonRetryable: ['TypeError'] } }, () => {
    throw new WrongColumn('no such column');
  });
  d.task('forbidden', { isolate: true, retries: 2 }, () => {
    throw new NonRetryable('no such table');
  });
  d.task('later', { isolate: true, retries: { max: 1, initial: '1h' } }, ({ try: number }) => {
    if (number === 1) throw new RetryAfter('10ms', 'busy');
    return number;
  });
  d.task('skipped', { isolate: true }, ({ skip }) => skip('not today'));
  d.task('unwritable', { isolate: true }, () => 10n as never);
});

export const consumer = dag(
  'consumer',
  { schedule: orders, tags: ['nightly'], params: z.object({ n: z.number().default(3) }) },
  (d) => {
    const made = d.task('made', { isolate: true }, () => ({ rows: [1, 2] }));
    d.task(
      'use',
      { needs: { made }, inlets: [orders, history], outlets: [history, files, sizes], isolate: true },
      async (context) => {
        const { needs, params, run, tags, events, inlets, emit, emitNow, log, heartbeat, waitFor } = context;
        const codeOf = (act: () => unknown): unknown => {
          try {
            act();
            return undefined;
          } catch (error) {
            return error instanceof TidegateError ? error.code : String(error);
          }
        };
        log.info('using', { rows: needs.made.rows, wrong: () => 1 });
        heartbeat({ page: 1 });
        const rows: number[] = [];
        for await (const event of events.of(orders)) rows.push(event.extra.rows);
        const refused = [
          codeOf(() => emit(strange)),
          codeOf(() => emit(sizes, { extra: { rows: 'many' as never } })),
          codeOf(() => inlets.of(strange)),
          codeOf(() => inlets.of(orders).limit(-1)),
          codeOf(() => heartbeat('x'.repeat(70_000))),
          codeOf(() => context.progress(2)),
        ];
        emit(history, { extra: { by: 'isolated' }, partition: 'a' });
        emit(history, { partition: null });
        emit.via(files, asset('s3://lake/files/1', { group: 'lake' }));
        emit(sizes, { extra: { rows: 2 } });
        await emitNow(history, { extra: { n: 9 } });
        const waited = await waitFor(history, { where: { 'extra.n': 9 } });
        return {
          ...{ rows, refused, params, tags, trigger: run.trigger, try: context.try, made: needs.made },
          last: (await events.of(orders).at(-1))?.extra ?? null,
          length: await events.all().length,
          sliced: await events.of(orders).slice(1).count(),
          past: (await inlets.of(orders).after('1970-01-01').descending().limit(1).toArray()).length,
          waited: waited.extra['n'] ?? null,
          attempt: run.attempt,
          unloaded: await context.load(orders, lake).catch((error: unknown) => String(error)),
        };
      },
    );
  },
);

export const all = { busy, quick, shaped, endless, cancelled, obedient, broken, failing, consumer };
