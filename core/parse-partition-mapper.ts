import { isRecord } from './json.ts';
import { parseFanOut, parseRollUp } from './parse-partition-window.ts';
import { parseKey, parseKeys, parseStartOf } from './partition-json.ts';
import { mappersIn, type PartitionMapper } from './partition-mapper.ts';
import { type Fields, listed, onlyFields, parseList, placeIn, refused } from './scenario-json.ts';

/** Where a mapper stands in others, and what may stand there. */
interface MapperPlace {
  readonly path: string;
  /** 1 for the outermost, 10 at most. */
  readonly depth: number;
  /** Whether it may make several keys of one. */
  readonly takesFanOut: boolean;
}

type MapperType = PartitionMapper['type'];
type Parse = (place: MapperPlace, fields: Fields) => PartitionMapper;

const maxDepth = 10;
/** Most mappers that one consists of. */
const maxMappers = 100;
/** Most dimensions of a product, and steps of a chain. */
const maxParts = 20;
const parsers: Readonly<Record<MapperType, Parse>> = {
  identity: ({ path }, fields) => {
    onlyFields(path, fields, ['type']);
    return { type: 'identity' };
  },
  fixed: ({ path }, fields) => {
    onlyFields(path, fields, ['type', 'key']);
    return { type: 'fixed', key: parseKey(placeIn(path, 'key'), fields['key']) };
  },
  allowed: ({ path }, fields) => {
    onlyFields(path, fields, ['type', 'keys']);
    return { type: 'allowed', keys: parseKeys(placeIn(path, 'keys'), fields['keys']) };
  },
  startOf: ({ path }, fields) => parseStartOf(path, fields),
  product: (place, fields) => ({ type: 'product', mappers: parseMappers(place, fields, false) }),
  chain: (place, fields) => ({ type: 'chain', mappers: parseMappers(place, fields, place.takesFanOut) }),
  fanout: (place, fields) => {
    if (place.takesFanOut) return parseFanOut(place.path, fields, parseInner(place, fields));
    throw refused(
      place.path,
      fields,
      'a fan-out makes several keys, and here is place for one: put it outermost, or into a chain',
    );
  },
  rollup: (place, fields) => {
    if (place.depth === 1) return parseRollUp(place.path, fields, parseInner(place, fields));
    throw refused(place.path, fields, 'a roll-up has to be the outermost mapper: put the others into it');
  },
};

/**
 * A mapper that was written as JSON, with all that may be left out filled in.
 * @throws TidegateError `invalid_input` or `invalid_definition` naming the part that is not valid, its value and the remedy
 */
export function parsePartitionMapper(path: string, value: unknown): PartitionMapper {
  const mapper = parseMapper({ path, depth: 1, takesFanOut: true }, value);
  const { length } = mappersIn(mapper);
  if (length <= maxMappers) return mapper;
  throw refused(path, value, `it consists of ${length} mappers, ${maxMappers} are allowed`);
}

function parseMapper(place: MapperPlace, value: unknown): PartitionMapper {
  const types = listed(Object.keys(parsers).map((type) => `"${type}"`));
  if (!isRecord(value)) throw refused(place.path, value, `write an object with a "type": ${types}`);
  if (place.depth > maxDepth)
    throw refused(place.path, value, `it is nested more than ${maxDepth} levels deep: write it flatter`);
  const { type } = value;
  if (isMapperType(type)) return parsers[type](place, value);
  throw refused(placeIn(place.path, 'type'), type, `it is one of ${types}`);
}

function parseMappers(place: MapperPlace, fields: Fields, takesFanOut: boolean): readonly PartitionMapper[] {
  onlyFields(place.path, fields, ['type', 'mappers']);
  const path = placeIn(place.path, 'mappers');
  const mappers = parseList(path, fields['mappers'], 'write a list of mappers');
  if (mappers.length === 0 || mappers.length > maxParts)
    throw refused(path, mappers, `it has ${mappers.length} mappers: write 1 to ${maxParts}`);
  return mappers.map((mapper, index) =>
    parseMapper({ path: placeIn(path, index), depth: place.depth + 1, takesFanOut }, mapper),
  );
}

/** What a window takes is one key. */
function parseInner({ path, depth }: MapperPlace, fields: Fields): PartitionMapper {
  return parseMapper(
    { path: placeIn(path, 'mapper'), depth: depth + 1, takesFanOut: false },
    fields['mapper'],
  );
}

function isMapperType(value: unknown): value is MapperType {
  return typeof value === 'string' && Object.hasOwn(parsers, value);
}
