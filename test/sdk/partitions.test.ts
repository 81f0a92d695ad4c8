import { parsePartitionMapper } from '../../core/parse-partition-mapper.ts';
import {
  allowedKeys,
  chain,
  fanOut,
  fixedKey,
  identity,
  type PartitionMapper,
  product,
  rollup,
  startOf,
} from '../../sdk/index.ts';

describe('a mapper made by a function', () => {
  it.each<[string, PartitionMapper, unknown]>([
    ['identity', identity(), { type: 'identity' }],
    ['fixedKey', fixedKey('all'), { type: 'fixed', key: 'all' }],
    ['allowedKeys', allowedKeys(['eu', 'us']), { type: 'allowed', keys: ['eu', 'us'] }],
    ['startOf', startOf('day'), { type: 'startOf', unit: 'day' }],
    [
      'startOf with options',
      startOf('week', { timezone: 'Europe/Berlin', inputFormat: '%F', outputFormat: '%G-W%V' }),
      { type: 'startOf', unit: 'week', timezone: 'Europe/Berlin', inputFormat: '%F', outputFormat: '%G-W%V' },
    ],
    [
      'product and chain',
      product(chain(identity()), identity()),
      {
        type: 'product',
        mappers: [{ type: 'chain', mappers: [{ type: 'identity' }] }, { type: 'identity' }],
      },
    ],
    [
      'rollup',
      rollup(startOf('quarter', { inputFormat: '%Y-%m' }), 'quarter', { wait: { min: -1 } }),
      {
        ...{ type: 'rollup', window: { window: 'quarter' }, wait: { min: -1 } },
        mapper: { type: 'startOf', unit: 'quarter', inputFormat: '%Y-%m' },
      },
    ],
    [
      'rollup of segments',
      rollup(fixedKey('all'), { segments: ['eu', 'us'] }),
      { type: 'rollup', mapper: { type: 'fixed', key: 'all' }, window: { segments: ['eu', 'us'] } },
    ],
    [
      'fanOut',
      fanOut(startOf('week'), 'week', { maxKeys: 7, outputFormat: '%Y%m%d' }),
      { type: 'fanout', mapper: { type: 'startOf', unit: 'week' }, maxKeys: 7, outputFormat: '%Y%m%d' },
    ],
  ])('is the JSON of it: %s', (_, made, json) => {
    expect(made).toEqual(parsePartitionMapper('mapper', json));
  });

  it.each([
    [() => startOf('decade' as 'year'), 'startOf.unit "decade" is not valid: it is one of hour, day'],
    [
      () => startOf('day', { inputFormat: '%Q' }),
      'startOf.inputFormat "%Q" is not valid: %Q is not known here',
    ],
    [() => startOf('day', { timezone: 'Mars' }), 'startOf.timezone: time zone "Mars" is not known'],
    [() => product(), 'product.mappers [] is not valid: it has 0 mappers'],
    [() => chain(rollup(startOf('day'), 'day')), 'chain.mappers[0] {"type":"rollup"'],
    [
      () => rollup(identity(), 'week'),
      'rollup.mapper {"type":"identity"} is not valid: a window of a week takes',
    ],
    [() => fanOut(startOf('week'), 'week', { maxKeys: 0 }), 'fanOut.maxKeys 0 is not valid'],
    [() => chain(undefined as unknown as PartitionMapper), 'chain.mappers[0] undefined is not valid'],
  ])('is an error of the definition where it cannot be: %#', (make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
  });
});
