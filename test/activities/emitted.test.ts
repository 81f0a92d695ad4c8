import { z } from 'zod';
import { createOutbox } from '../../activities/emitted.ts';
import { maxBatchEvents } from '../../core/asset-event.ts';
import { asset } from '../../sdk/index.ts';

const typed = asset('s3://lake/typed', {
  eventExtra: z.object({ rows: z.number(), unit: z.string().default('row') }),
});
const plain = asset('s3://lake/plain');
const counted = asset('s3://lake/counted', { eventExtra: z.object({ rows: z.number().default(0) }) });

describe('the outbox of a task', () => {
  it('has one event for each outlet that was not emitted', () => {
    const outbox = createOutbox([typed, plain]);
    outbox.emit(typed, { extra: { rows: 1 } });
    expect(outbox.events()).toEqual([
      { outlet: typed, extra: { rows: 1, unit: 'row' }, partitionKey: undefined, aliases: [] },
      { outlet: plain, extra: {}, partitionKey: undefined, aliases: [] },
    ]);
  });

  it('gives an outlet that was not emitted the defaults of its own schema', () => {
    expect(createOutbox([counted]).events()).toEqual([
      { outlet: counted, extra: { rows: 0 }, partitionKey: undefined, aliases: [] },
    ]);
  });

  it('refuses to leave out an outlet whose schema asks for an extra', () => {
    expect(() => createOutbox([plain, typed]).events()).toThrow(
      /s3:\/\/lake\/typed was not emitted, and its eventExtra asks for an extra/,
    );
  });

  it('has one event for an outlet that is declared twice', () => {
    expect(createOutbox([plain, plain]).events()).toHaveLength(1);
  });

  it('keeps what an extra was when it was emitted', () => {
    const outbox = createOutbox([plain]);
    const extra = { tables: ['orders'] };
    outbox.emit(plain, { extra });
    extra.tables.push('rates');
    expect(outbox.events()).toMatchObject([{ extra: { tables: ['orders'] } }]);
  });

  it('knows an outlet by name and URI, not by object', () => {
    const outbox = createOutbox([plain]);
    outbox.emit(asset('s3://lake/plain'), { partition: '2024-01-01' });
    expect(outbox.events()).toEqual([{ outlet: plain, extra: {}, partitionKey: '2024-01-01', aliases: [] }]);
  });

  it.each([
    ['an asset that is no outlet', () => createOutbox([]).emit(plain), 'undeclared_outlet'],
    ['an empty partition', () => createOutbox([plain]).emit(plain, { partition: ' ' }), 'invalid_input'],
    [
      'a NUL character',
      () => createOutbox([plain]).emit(plain, { extra: { text: 'a\u0000b' } }),
      'invalid_input',
    ],
    [
      'a large extra',
      () => createOutbox([plain]).emit(plain, { extra: { text: 'x'.repeat(70_000) } }),
      'extra_too_large',
    ],
  ])('refuses %s where it is emitted', (_, emit, code) => {
    expect(emit).toThrow(expect.objectContaining({ code }));
  });

  it('holds as many events as a batch may have', () => {
    const outbox = createOutbox([plain]);
    for (let event = 0; event < maxBatchEvents; event += 1) outbox.emit(plain);
    expect(() => outbox.emit(plain)).toThrow(/10000 events at most/);
  });

  it('counts the outlets that were not emitted among them', () => {
    const outbox = createOutbox([plain, counted]);
    for (let event = 1; event < maxBatchEvents; event += 1) outbox.emit(plain);
    expect(() => outbox.emit(plain)).toThrow(/10000 events at most/);
    outbox.emit(counted);
    expect(outbox.events()).toHaveLength(maxBatchEvents);
  });

  it('is of the partition of the run, unless an event says another or none', () => {
    const outbox = createOutbox([plain, counted], { runKey: 'eu' });
    outbox.emit(plain);
    outbox.emit(plain, { partition: 'us' });
    outbox.emit(plain, { partition: null });
    expect(outbox.events().map(({ partitionKey }) => partitionKey)).toEqual(['eu', 'us', undefined, 'eu']);
  });
});
