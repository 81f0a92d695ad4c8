import type { EventSource } from './asset-event.ts';
import { listed } from './scenario-json.ts';
import { invalidOption } from './invalid-option.ts';
import { isRecord, type Json, type JsonObject, shown } from './json.ts';
import { refusePattern } from './safe-pattern.ts';

export type FilterValue = string | number | boolean | null;

/** What one field of an event must meet: all of what is given. */
export interface FieldTest {
  readonly eq?: FilterValue;
  /** Also met where the event has no such field. */
  readonly ne?: FilterValue;
  /** Numbers are compared with numbers and text with text, character by character; anything else is not met. */
  readonly gt?: number | string;
  readonly gte?: number | string;
  readonly lt?: number | string;
  readonly lte?: number | string;
  readonly in?: readonly FilterValue[];
  readonly exists?: boolean;
  /** A regular expression that is found somewhere in a text of at most 1,000 characters. */
  readonly matches?: string;
}

/** Which events are meant: those whose fields meet every test. JSON-safe. */
export type EventFilter = Readonly<Record<string, FieldTest>>;

/** A filter as authors write it: a value alone means that the field equals it. */
export type EventFilterInput = Readonly<Record<string, FieldTest | FilterValue>>;

/** What a filter may look at. */
export interface EventFacts {
  readonly extra: JsonObject;
  readonly partitionKey: string | null;
  readonly source: EventSource;
}

/** Most fields of one filter, and most values of one `in`. */
const maxFields = 20;
const maxValues = 1_000;
const maxTextLength = 1_000;

const comparisons = {
  gt: (found: number | string, bound: number | string) => found > bound,
  gte: (found: number | string, bound: number | string) => found >= bound,
  lt: (found: number | string, bound: number | string) => found < bound,
  lte: (found: number | string, bound: number | string) => found <= bound,
} as const;
type Comparison = keyof typeof comparisons;
const operators = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'exists', 'matches'];
const sourceFields = ['source.kind', 'source.dagId', 'source.runId', 'source.taskId'];
const fields = `extra.<path>, partition, ${sourceFields.join(', ')}`;

/** Whether an event meets a filter. Total: a field that is not there meets no test but `ne` and `exists: false`. */
export function accepts(filter: EventFilter, facts: EventFacts): boolean {
  return Object.entries(filter).every(([field, test]) => meets(test, valueOf(field, facts)));
}

function meets(test: FieldTest, found: Json | undefined): boolean {
  if (test.exists !== undefined && test.exists !== (found !== undefined)) return false;
  if (test.ne !== undefined && found === test.ne) return false;
  if (test.eq !== undefined && found !== test.eq) return false;
  if (test.in !== undefined && !test.in.some((value) => value === found)) return false;
  for (const comparison of Object.keys(comparisons) as Comparison[]) {
    const bound = test[comparison];
    if (bound !== undefined && !isInOrder(comparison, found, bound)) return false;
  }
  return test.matches === undefined || isFound(test.matches, found);
}

function isInOrder(comparison: Comparison, found: Json | undefined, bound: number | string): boolean {
  if (typeof found === 'number' && typeof bound === 'number') return comparisons[comparison](found, bound);
  return typeof found === 'string' && typeof bound === 'string' && comparisons[comparison](found, bound);
}

function isFound(pattern: string, found: Json | undefined): boolean {
  return typeof found === 'string' && found.length <= maxTextLength && new RegExp(pattern, 'u').test(found);
}

function valueOf(field: string, { extra, partitionKey, source }: EventFacts): Json | undefined {
  if (field === 'partition') return partitionKey ?? undefined;
  const [root, ...path] = field.split('.');
  return path.reduce<Json | undefined>(
    (value, name) => (isRecord(value) && Object.hasOwn(value, name) ? (value[name] as Json) : undefined),
    root === 'extra' ? extra : { ...source },
  );
}

/**
 * A filter as it was written in TypeScript or JSON, every test spelled out.
 * @param name - what an error calls it
 * @throws TidegateError `invalid_definition` naming the part that is not valid
 */
export function parseEventFilter(value: unknown, name = 'where'): EventFilter {
  if (!isRecord(value) || Object.keys(value).length === 0 || Object.keys(value).length > maxFields)
    throw invalidOption(name, value, `write 1 to ${maxFields} fields, such as {'extra.rows': {gt: 100}}`);
  return Object.fromEntries(
    Object.entries(value).map(([field, test]) => {
      const isKnown =
        field === 'partition' || sourceFields.includes(field) || /^extra(?:\.[^.]+)+$/.test(field);
      if (!isKnown) throw invalidOption(`${name} field`, field, `use ${fields}`);
      return [field, parseTest(`${name}['${field}']`, test)];
    }),
  );
}

function parseTest(name: string, value: unknown): FieldTest {
  if (isValue(value)) return { eq: value };
  const given = isRecord(value) ? Object.entries(value).filter(([, one]) => one !== undefined) : [];
  if (given.length === 0)
    throw invalidOption(name, value, `write a value, or an object of ${listed(operators)}`);
  for (const [operator, operand] of given) parseOperand(`${name}.${operator}`, operator, operand);
  return Object.fromEntries(given);
}

function parseOperand(name: string, operator: string, operand: unknown): void {
  switch (operator) {
    case 'eq':
    case 'ne':
      if (!isValue(operand)) throw invalidOption(name, operand, 'write text, a number, true, false or null');
      return;
    case 'in':
      if (!Array.isArray(operand) || operand.length > maxValues || !operand.every(isValue))
        throw invalidOption(name, operand, `write a list of at most ${maxValues} values`);
      return;
    case 'exists':
      if (typeof operand !== 'boolean') throw invalidOption(name, operand, 'write true or false');
      return;
    case 'matches':
      if (typeof operand !== 'string')
        throw invalidOption(name, operand, 'write a regular expression as text');
      refusePattern(name, operand);
      return;
    default:
      if (!Object.hasOwn(comparisons, operator))
        throw invalidOption(name, operand, `no operator has this name: use ${listed(operators)}`);
      if (typeof operand !== 'string' && !Number.isFinite(operand))
        throw invalidOption(name, operand, 'write a number or text');
  }
}

function isValue(value: unknown): value is FilterValue {
  return value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
}

const signs: Readonly<Record<string, string>> = { eq: '=', ne: '≠', gt: '>', gte: '≥', lt: '<', lte: '≤' };

/** A filter as people read it: `extra.rows > 100 and partition in ("a", "b")`. */
export function filterText(filter: EventFilter): string {
  return Object.entries(filter)
    .flatMap(([field, test]) =>
      Object.entries(test).map(([operator, operand]: [string, unknown]) => {
        if (operator === 'exists') return `${field} ${operand === true ? 'is there' : 'is not there'}`;
        if (operator === 'in' && Array.isArray(operand))
          return `${field} in (${operand.map(shown).join(', ')})`;
        return `${field} ${signs[operator] ?? operator} ${shown(operand)}`;
      }),
    )
    .join(' and ');
}
