import * as fc from 'fast-check';
import { z } from 'zod';
import { createOutbox, type Outbox, type Outlet } from '../../activities/emitted.ts';
import type { Room } from '../../activities/passages.ts';
import { maxBatchDeliveries, maxBatchEvents } from '../../core/asset-event.ts';
import { canonicalJson } from '../../core/json.ts';
import { alias, asset } from '../../sdk/index.ts';

const [files, reports, other] = [alias('files'), alias('reports'), alias('other')];
const orders = asset('s3://lake/orders');
const rates = asset('s3://lake/rates');

const room: Room = { describe: (given) => given, clashOf: () => undefined, instanceOf: (given) => given };
const outboxOf = (outlets: readonly Outlet[], rest: Partial<Room> = {}): Outbox =>
  createOutbox(outlets, { room: { ...room, ...rest } });
const told = (outbox: Outbox) =>
  outbox.events().map(({ outlet, extra, partitionKey, aliases }) => ({
    ...{ name: outlet.name, extra, aliases },
    ...(partitionKey === undefined ? {} : { partitionKey }),
  }));

describe('what a task updates through aliases', () => {
  it('is nothing where nothing was added', () => {
    expect(told(outboxOf([files, reports]))).toEqual([]);
  });

  it('is one event for the same asset and extra, through however many aliases', () => {
    const outbox = outboxOf([files, reports]);
    outbox.emit.via(files, orders, { extra: { a: 1, b: { c: 2, d: 3 } } });
    outbox.emit.via([reports, files], orders, { extra: { b: { d: 3, c: 2 }, a: 1 } });
    expect(told(outbox)).toEqual([
      { name: orders.name, extra: { a: 1, b: { c: 2, d: 3 } }, aliases: ['files', 'reports'] },
    ]);
  });

  it('is another event with another extra, and with another partition', () => {
    const outbox = outboxOf([files]);
    outbox.emit.via(files, orders);
    outbox.emit.via(files, orders, { extra: { rows: 1 } });
    outbox.emit.via(files, orders, { partition: 'eu' });
    outbox.emit.via(files, orders);
    expect(told(outbox)).toEqual([
      { name: orders.name, extra: {}, aliases: ['files'] },
      { name: orders.name, extra: { rows: 1 }, aliases: ['files'] },
      { name: orders.name, extra: {}, partitionKey: 'eu', aliases: ['files'] },
    ]);
  });

  it('is an event beside that of a declared outlet of the same asset', () => {
    const outbox = outboxOf([orders, files]);
    outbox.emit.via(files, orders);
    expect(told(outbox)).toEqual([
      { name: orders.name, extra: {}, aliases: [] },
      { name: orders.name, extra: {}, aliases: ['files'] },
    ]);
  });

  it('agrees with a naive count of what was said', () => {
    const anyCall = fc.record({
      through: fc.subarray(['files', 'reports', 'other'], { minLength: 1 }),
      uri: fc.constantFrom(orders.uri, rates.uri),
      extra: fc.constantFrom({}, { a: 1 }, { a: 1, b: 2 }, { b: 2, a: 1 }),
      partition: fc.constantFrom(undefined, 'eu'),
    });
    fc.assert(
      fc.property(fc.array(anyCall), (calls) => {
        const outbox = outboxOf([files, reports, other]);
        const expected = new Map<string, Set<string>>();
        for (const { through, uri, extra, partition } of calls) {
          outbox.emit.via(
            through.map((name) => alias(name)),
            asset(uri),
            {
              extra,
              ...(partition !== undefined && { partition }),
            },
          );
          const key = canonicalJson([uri, extra, partition ?? null]);
          expected.set(key, new Set([...(expected.get(key) ?? []), ...through]));
        }
        const said = outbox
          .events()
          .map(({ outlet, extra, partitionKey, aliases }) => [
            canonicalJson([outlet.uri, extra, partitionKey ?? null]),
            new Set(aliases),
          ]);
        expect(said).toEqual([...expected]);
      }),
    );
  });

  it('is checked by the schema that the project gives the asset', () => {
    const eventExtra = z.object({ rows: z.number() });
    const outbox = outboxOf([files], { describe: () => asset(orders.uri, { eventExtra }) });
    expect(() => outbox.emit.via(files, orders)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
    expect(told(outbox)).toEqual([]);
  });

  it.each([
    ['an alias that is no outlet', other, orders, 'undeclared_outlet', /alias other is not an outlet/],
    ['no alias', [], orders, 'invalid_input', /given no alias/],
    ['an asset for an alias', orders, orders, 'invalid_input', /takes aliases first/],
    ['an alias for an asset', files, files, 'invalid_input', /takes the asset that was updated/],
  ])('refuses %s where it is said', (_, through, given, code, message) => {
    const outbox = outboxOf([files]);
    // As plain JavaScript may.
    const via: (...given: readonly unknown[]) => void = outbox.emit.via as never;
    expect(() => via(through, given)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('refuses to emit an alias as if it were an asset', () => {
    const emit: (given: unknown) => void = outboxOf([files]).emit as never;
    expect(() => emit(files)).toThrow(/files is an alias: write emit\.via/);
  });

  it('refuses an asset whose name or URI belongs to another one', () => {
    const outbox = outboxOf([files], {
      clashOf: ({ name }) => (name === 'taken' ? 'it belongs to somebody else' : undefined),
    });
    expect(() => outbox.emit.via(files, asset({ name: 'taken', uri: 's3://lake/other' }))).toThrow(
      /asset "taken" cannot be registered: it belongs to somebody else/,
    );
    outbox.emit.via(files, asset({ name: 'rates', uri: rates.uri }));
    expect(() => outbox.emit.via(files, rates)).toThrow(/the active asset "rates" has this URI/);
    expect(told(outbox)).toHaveLength(1);
  });

  it('counts among the events of the task, each alias as one more to tell', () => {
    const outbox = outboxOf([orders, files, reports, other]);
    for (let n = 1; n < maxBatchEvents; n += 1) outbox.emit(orders, { extra: { n } });
    outbox.emit.via(files, rates);
    expect(() => outbox.emit.via(files, rates, { extra: { n: 2 } })).toThrow(/10000 events at most/);

    const through = outboxOf([files, reports, other]);
    const most = maxBatchDeliveries / 4;
    for (let n = 0; n < most; n += 1) through.emit.via([files, reports, other], rates, { extra: { n } });
    expect(() => through.emit.via(files, rates, { extra: { n: most } })).toThrow(
      /20000 events and aliases they came through at most/,
    );
  });
});
